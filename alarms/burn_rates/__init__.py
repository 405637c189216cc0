"""Alarms, unit tests and widgets that follow from an objective: from what is promised to users, as data."""
