"""Runs the CloudWatch Logs Insights queries of our documents over recorded logs."""
