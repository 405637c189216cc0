"""``python -m alarms.check``: the definitions against the code that emits, and against CloudWatch's quirks."""
