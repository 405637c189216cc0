"""Metrics, records and logs. Writing them never blocks a request or a job, and never fails it."""
