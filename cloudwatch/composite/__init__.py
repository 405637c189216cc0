"""Composite alarms: their rules, their suppressors, and their changes of state.

``rule.parse_rule(text).children`` is the one way to read the alarms that a rule names.
"""
