"""CloudWatch's rules, offline. This package imports no other package of the project, so it can be used alone."""
