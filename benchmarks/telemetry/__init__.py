"""``python -m benchmarks.telemetry``: the API with a stalled metrics destination beside a healthy one."""
