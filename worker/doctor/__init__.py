"""``python -m worker.doctor``: checks whether a worker would work on this machine, and says what to do if not."""
