"""Benchmarks of the product beside its alternatives. The product runs without this package."""
