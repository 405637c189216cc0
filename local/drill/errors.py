"""The error that ends a drill before its story does."""


class DrillFailed(Exception):
    """An event of the story did not happen in time, or an unexpected one did; the message says which."""
