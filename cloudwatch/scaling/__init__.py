"""Scaling policies, and the group that they resize."""
