"""Whether this process still takes new work."""


class Draining:
    """A drain begins once, on the first signal, and never ends. It takes no lock, so a signal handler may begin it."""

    def __init__(self) -> None:
        self._has_begun = False

    def begin(self) -> None:
        """From now on readiness fails, and each connection is closed after its answer."""
        self._has_begun = True

    @property
    def has_begun(self) -> bool:
        return self._has_begun
