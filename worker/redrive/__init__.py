"""``python -m worker.redrive``: the operator's tool for the dead-letter queue."""
