"""Metric alarms: their parameters, the points that they see, and every change of their state."""
