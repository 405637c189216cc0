"""``python -m alarms.test``: the unit tests of the alarms."""
