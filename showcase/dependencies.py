"""What a process depends on: the names that errors and health checks use, and the sign of life that each can give."""

from typing import Literal, Protocol

DependencyName = Literal["database", "queue", "storage", "Auto Scaling", "instance metadata", "Celery broker"]


class Dependency(Protocol):
    """A database, a queue or a storage that can be asked for a sign of life."""

    def ping(self) -> None:
        """Raises Unavailable."""
