"""CloudWatch on this machine: one process that reads EMF logs, evaluates alarms, and serves the CloudWatch API."""
