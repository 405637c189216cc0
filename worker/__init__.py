"""The SQS consumer: turns each accepted upload into a broadcast clip."""
