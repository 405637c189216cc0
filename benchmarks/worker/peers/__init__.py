"""The consumers that the worker is compared with, as their documentation shows them."""
