"""What a message of the old queue asks for: Celery's message protocols 1 and 2, as kombu writes them.

In protocol 2 the task's name stands in the headers, and can be read whatever the body is; in protocol 1 it is a part
of the body. Bodies are read as JSON only, never unpickled.
"""

import base64
import binascii
import json
import uuid
from typing import Any

BODY_CHARACTERS_MAX = 65_536
NAME_CHARACTERS_SHOWN = 80


class OtherTask(Exception):
    """It bears another name, or one that cannot be read: it may be anybody's, and is left to them."""


class UnusableTask(Exception):
    """Nobody can tell its video. ``is_ours``: it bears our task's name; else it is no message of Celery at all."""

    def __init__(self, reason: str, *, is_ours: bool) -> None:
        super().__init__(reason)
        self.is_ours = is_ours


def video_asked_for(raw: bytes, task: str) -> uuid.UUID:
    """The video that a message asks ``task`` to process. Raises OtherTask, UnusableTask."""
    is_ours = False
    try:
        message = json.loads(raw)
        name = message["headers"].get("task")
        is_ours = name == task
        if name is not None and not is_ours:
            raise OtherTask(_shown(name))
        if reason := _why_closed(message):
            raise UnusableTask(reason, is_ours=True) if is_ours else OtherTask(f"no name that can be read: {reason}")
        body = json.loads(_decoded(message))
        if name is None:
            is_ours = body["task"] == task
            if not is_ours:
                raise OtherTask(_shown(body["task"]))
        return _video_id(*((body.get("args"), body.get("kwargs")) if isinstance(body, dict) else body[:2]))
    except _NoVideo as error:
        raise UnusableTask(str(error), is_ours=is_ours) from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise UnusableTask("not a message of Celery", is_ours=is_ours) from error


class _NoVideo(Exception):
    """Why a message of Celery names no video."""


def _shown(name: object) -> str:
    return repr(str(name)[:NAME_CHARACTERS_SHOWN])


def _why_closed(message: dict[str, Any]) -> str:
    """Why its body is not read at all; empty if it is."""
    if message["content-type"] != "application/json":
        return f"content type {_shown(message['content-type'])}: only JSON is read"
    if message["headers"].get("compression"):
        return f"compressed ({_shown(message['headers']['compression'])})"
    if isinstance(message["body"], str) and len(message["body"]) > BODY_CHARACTERS_MAX:
        return "its body is too long"
    return ""


def _decoded(message: dict[str, Any]) -> bytes | str:
    body = message["body"]
    if message["properties"].get("body_encoding") != "base64":
        return str(body)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise _NoVideo("its body is not base64") from error


def _video_id(arguments: object, keywords: object) -> uuid.UUID:
    """The first argument, or the one named ``video_id``."""
    value = arguments[0] if isinstance(arguments, list) and arguments else None
    if value is None and isinstance(keywords, dict):
        value = keywords.get("video_id")
    if not isinstance(value, str):
        raise _NoVideo("no video id among its arguments")
    try:
        return uuid.UUID(value)
    except ValueError:
        raise _NoVideo("its argument is no video id") from None
