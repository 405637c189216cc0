"""The ways in which an attempt at a job can end early. Each error is named for what must be done then."""

from showcase.errors import ShowcaseError


class LeaseLost(ShowcaseError):
    """Another worker may have the video now: stop at once and change nothing."""


class Interrupted(ShowcaseError):
    """This worker must stop: hand the video back. The attempt does not count."""


class EncodeFailed(ShowcaseError):
    """ffmpeg failed. ``exit_code`` is negative for a signal; ``stderr`` is the end of its error output."""

    def __init__(self, exit_code: int, stderr: str) -> None:
        super().__init__(f"ffmpeg ended with {exit_code}: {stderr.strip()[-500:]}")
        self.exit_code = exit_code
        self.stderr = stderr


class EncodeStuck(ShowcaseError):
    """ffmpeg made no progress, or took longer than any clip may take, and was killed."""


class EncodeWrong(ShowcaseError):
    """ffmpeg succeeded, but its result has the wrong form or length."""
