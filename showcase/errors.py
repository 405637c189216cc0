"""The errors of this project. Each class is named for the decision that it asks of the code that catches it.

    ShowcaseError
      + SettingsError             stop the start
      + Refused                   4xx: the same request will fail again
      |   + NotFound              404
      |   + Forbidden             403
      |   + NotAuthenticated      401
      |   + TooManyRequests       429: the same request passes later
      |   + UnacceptableClip      400: the clip breaks a rule of the contest
      |   + BadRequest            400: the request is malformed (service.errors)
      |       + ProtocolFault     another status of HTTP, because the request could not be read or came late
      + Unavailable               503, or try again: a dependency does not work
      + Overloaded                503: this process has too much to do
      + UnreadableMessage         move the message to the dead-letter queue
      + ObjectMissing             the storage has no object of that key
      + ObjectDamaged             fetch the object again
      + BadBoxes                  the bytes are not a whole MP4 file (showcase.clips.mp4_boxes)
      + LeaseLost, Interrupted, EncodeFailed, EncodeStuck, EncodeWrong
                                  how an attempt at a job ends early (worker.errors)

Every Refused has a code of ``ErrorCode``, so mypy finds a code that does not exist.
"""

from typing import Literal

from showcase.dependencies import DependencyName

# Reasons why a clip breaks a rule. The sentences for its owner are in showcase.clips.clip_rules.
ClipFault = Literal[
    "not_mp4",
    "truncated",
    "damaged",
    "no_video",
    "codec_unsupported",
    "size_differs",
    "too_short",
    "too_long",
    "resolution_too_low",
    "resolution_too_high",
    "frame_rate_unsupported",
]

# Every ``code`` that an answer of the API can have. The sentences of the other codes are in service.messages.
ErrorCode = Literal[
    ClipFault,
    "already_voted",
    "bad_credentials",
    "bad_parameter",
    "body_too_large",
    "clip_too_large",
    "email_taken",
    "headers_too_large",
    "invalid_body",
    "invalid_field",
    "malformed_request",
    "method_not_allowed",
    "not_authenticated",
    "not_found",
    "own_video",
    "passwords_differ",
    "request_timeout",
    "title_missing",
    "too_many_requests",
    "too_many_uploads",
    "unavailable",
    "unexpected",
    "upload_expired",
    "upload_incomplete",
    "upload_not_found",
    "upload_not_yours",
    "video_file_missing",
    "video_not_found",
    "video_not_yours",
    "video_published",
]


class ShowcaseError(Exception):
    """Base of every error that this project raises on purpose."""


class SettingsError(ShowcaseError):
    """A setting is missing or wrong: stop the start. The message names the variable."""


class Refused(ShowcaseError):
    """The request breaks a rule, and the same request will fail again. ``code`` says which rule."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


class NotFound(Refused):
    """The thing does not exist, or it cannot be used for this purpose."""


class Forbidden(Refused):
    """The thing exists and belongs to another player."""


class NotAuthenticated(Refused):
    """The request does not prove which player sent it: the token or the password is missing or wrong."""


class TooManyRequests(Refused):
    """An account or an address sent too many requests. The same request passes after ``retry_after_seconds``."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too_many_requests")
        self.retry_after_seconds = retry_after_seconds


class UnacceptableClip(Refused):
    """The clip breaks a rule of the contest, or cannot be read as a video at all.

    ``reason`` is a Spanish sentence for the owner of the clip.
    """

    code: ClipFault

    def __init__(self, code: ClipFault, reason: str) -> None:
        super().__init__(code)
        self.reason = reason


class UnreadableMessage(ShowcaseError):
    """A queue message that is not a job message. It belongs in the dead-letter queue: a retry would fail again."""


class Unavailable(ShowcaseError):
    """A dependency gave no answer, an error of its own, or an answer that is not valid for the call: try again later.

    ``kind`` is the code or the class of the library's error. It is never the library's text, which may quote a secret.
    """

    def __init__(self, dependency: DependencyName, operation: str, *, kind: str = "") -> None:
        detail = f" ({kind})" if kind else ""
        super().__init__(f"{dependency}: {operation} failed{detail}; the {dependency} is away or refuses us")
        self.dependency = dependency
        self.kind = kind


class Overloaded(ShowcaseError):
    """This process has more work than it can do in time: try again in a moment."""


class ObjectDamaged(ShowcaseError):
    """The bytes that arrived from the storage are not those that were stored: fetch the object again."""


class ObjectMissing(ShowcaseError):
    """The storage answered, and it has no object of that key."""
