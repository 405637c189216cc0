"""What ends a drill before its story does."""


class DrillFailed(Exception):
    """Something that had to happen did not, or the other way round; the message says what."""
