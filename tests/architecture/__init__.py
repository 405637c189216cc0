"""The rules of the house that no library checks. ``python -m tests.architecture`` is part of ``make check``."""
