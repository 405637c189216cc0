"""Dashboard bodies: the problems that CloudWatch reports, and the metrics, expressions and alarms that they name."""
