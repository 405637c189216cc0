"""Alarm mute rules: windows of time in which the actions of alarms do not run."""
