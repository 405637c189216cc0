"""Measurements of the product beside its alternatives; nothing here is needed to run it."""
