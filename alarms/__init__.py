"""Alarms, scaling policies and dashboards: their definitions, their checks, and the command that pushes them."""
