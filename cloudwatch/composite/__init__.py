"""Composite alarms: their rules, their suppressors, and every change of their state."""
