"""Deliberate breakages of the product, each of which a test must find."""
