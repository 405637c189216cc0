"""The queue message: one video to process."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from showcase.errors import UnreadableMessage

BODY_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class JobMessage:
    """The message, with the fields of SPEC. ``video_path`` is for people: the worker reads the key from the row."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    video_path: str
    created_at: datetime

    def to_json(self) -> str:
        created_at = self.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps(
            {
                "video_id": str(self.video_id),
                "video_path": self.video_path,
                "task_id": str(self.task_id),
                "created_at": created_at,
            }
        )


def parse_message(body: str) -> JobMessage:
    """Read the body of a message. Raises UnreadableMessage, which says what is wrong with it."""
    if len(body) > BODY_BYTES_MAX:
        raise UnreadableMessage(f"body of {len(body)} characters, at most {BODY_BYTES_MAX} expected")
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableMessage("body is not JSON") from error
    if not isinstance(fields, dict):
        raise UnreadableMessage("body is not a JSON object")
    try:
        return JobMessage(
            video_id=_uuid(fields["video_id"]),
            task_id=_uuid(fields["task_id"]),
            video_path=str(fields.get("video_path", "")),
            created_at=datetime.fromisoformat(fields["created_at"]),
        )
    except KeyError as error:
        raise UnreadableMessage(f"field {error} is missing") from error
    except (ValueError, TypeError) as error:
        raise UnreadableMessage(f"a field has no valid value: {error}") from error


def _uuid(value: object) -> uuid.UUID:
    if not isinstance(value, str):
        raise TypeError("an id is not a string")
    return uuid.UUID(value)
