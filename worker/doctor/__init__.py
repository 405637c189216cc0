"""``python -m worker.doctor``: would a worker work here? What is wrong, and what to do."""
