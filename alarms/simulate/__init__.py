"""``python -m alarms.simulate``: uploads, a queue, a fleet and its scaling policies in simulated time."""
