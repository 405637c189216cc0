"""Metric alarms: their parameters, the datapoints that they evaluate, and their changes of state."""
