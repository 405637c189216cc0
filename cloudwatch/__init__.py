"""CloudWatch's rules, offline. This package imports nothing else of the project, so it can be used on its own."""
