"""``python -m local.costs``: what the system costs a month."""
