"""``python -m alarms.backtest``: what the alarms would have done over recorded logs."""
