"""``python -m benchmarks.cloudwatch``: EMF lines read, alarms evaluated, plans made."""
