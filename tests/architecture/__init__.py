"""The rules of this project that no library checks. ``python -m tests.architecture`` is part of ``make check``."""
