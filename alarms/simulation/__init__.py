"""Uploads, a queue, a fleet and its scaling policies in simulated time, by the rules of ``cloudwatch``."""
