"""The systems that a process depends on: their names in errors and health checks, and how to check that they answer."""

from typing import Literal, Protocol

DependencyName = Literal[
    "database", "queue", "storage", "disk", "encoder", "Auto Scaling", "instance metadata", "Celery broker"
]


class Dependency(Protocol):
    """A dependency that can be checked, for example the database, the queue or the storage."""

    def ping(self) -> None:
        """Make one round trip. Raises Unavailable."""
