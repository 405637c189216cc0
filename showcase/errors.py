"""The errors of the domain, named for the decision that they ask of whoever catches them."""


class ShowcaseError(Exception):
    """Base of every error that this project raises on purpose."""


class SettingsError(ShowcaseError):
    """A setting is missing or wrong: stop the start. The message names the variable."""


class Refused(ShowcaseError):
    """The request breaks a rule; asking again unchanged will not help.

    ``code`` is the stable machine-readable reason, for example ``email_taken``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotFound(Refused):
    """What was asked for does not exist, or not for this purpose."""


class Forbidden(Refused):
    """It exists and belongs to somebody else."""


class NotAuthenticated(Refused):
    """No proof, or no valid proof, of who is asking."""


class TooManyRequests(Refused):
    """An account or an address asks too often; the same request passes after ``retry_after_seconds``."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too_many_requests")
        self.retry_after_seconds = retry_after_seconds


class UnacceptableClip(Refused):
    """The clip itself breaks a rule of the contest, or cannot be read as a video at all.

    ``reason`` is a Spanish sentence for the owner of the clip.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.reason = reason


class UnreadableMessage(ShowcaseError):
    """A queue message that is not one of ours: it belongs in the dead-letter queue, never retried."""


class Unavailable(ShowcaseError):
    """A dependency (database, queue, storage) is away or answers with errors of its own: try again later.

    ``dependency`` names it: ``database``, ``queue``, ``storage``, ``Auto Scaling``, ``instance metadata`` or
    ``Celery broker``. ``kind`` is the code or class of the library's error, never its text: that may quote a secret.
    """

    def __init__(self, dependency: str, operation: str, *, kind: str = "") -> None:
        told = f" ({kind})" if kind else ""
        super().__init__(f"{dependency}: {operation} failed{told}; the {dependency} is away or refuses us")
        self.dependency = dependency


class Overloaded(ShowcaseError):
    """This process has more to do than it can do in time: try again in a moment."""


class ObjectDamaged(ShowcaseError):
    """What arrived from the storage is not what was stored: fetch it again."""


class ObjectMissing(ShowcaseError):
    """The storage answered, and the object is not there."""
