"""``python -m alarms.backtest``: replays the alarms over recorded logs."""
