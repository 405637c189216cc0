"""The command that shows the objectives. ``alarms/burn_rates`` makes alarms of them."""
