"""``python -m local.costs``: the monthly costs of the system."""
