"""``python -m worker.redrive``: shows the dead-letter queue, and gives its videos another chance."""
