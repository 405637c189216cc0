"""``python -m benchmarks.cloudwatch``: the cost of reading EMF lines, evaluating alarms and making plans."""
