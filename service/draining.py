"""Whether this process still wants new work."""


class Draining:
    """Begins once, on the first signal, and never ends. Takes no lock: a signal handler may begin it."""

    def __init__(self) -> None:
        self._has_begun = False

    def begin(self) -> None:
        """From now on readiness fails and connections are closed after their answer."""
        self._has_begun = True

    @property
    def has_begun(self) -> bool:
        return self._has_begun
