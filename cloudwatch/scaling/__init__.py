"""Scaling policies, and the Auto Scaling group that they resize."""
