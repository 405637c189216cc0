"""``python -m alarms.sync``: bring the live account to what the definitions say."""
