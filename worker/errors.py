"""How an attempt at a job can end early, named for what must be done then."""

from showcase.errors import ShowcaseError


class LeaseLost(ShowcaseError):
    """The video may belong to another worker now: stop at once and change nothing."""


class Interrupted(ShowcaseError):
    """This worker is asked to stop: hand the video back; the attempt does not count."""


class EncodeFailed(ShowcaseError):
    """ffmpeg ended badly. ``exit_code`` is negative for a signal; ``stderr`` is its last words."""

    def __init__(self, exit_code: int, stderr: str) -> None:
        super().__init__(f"ffmpeg ended with {exit_code}: {stderr.strip()[-500:]}")
        self.exit_code = exit_code
        self.stderr = stderr


class EncodeStuck(ShowcaseError):
    """ffmpeg showed no progress, or took longer than any clip may take, and was killed."""


class EncodeWrong(ShowcaseError):
    """ffmpeg ended well, and its result is not what was ordered."""
