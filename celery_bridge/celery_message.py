"""Reads the video id from a message of the old queue: Celery's message protocols 1 and 2, as kombu writes them.

In protocol 2, the name of the task is in the headers, so it can be read for every body. In protocol 1, it is in the
body. Bodies are read as JSON only, never unpickled.
"""

import base64
import binascii
import json
import uuid
from typing import Any

BODY_CHARACTERS_MAX = 65_536
NAME_CHARACTERS_SHOWN = 80


class OtherTask(Exception):
    """The task has another name, or a name that cannot be read. It may belong to another program, and is left."""


class UnusableTask(Exception):
    """The message has no video id that can be read.

    ``has_expected_name`` is True if the task has the expected name. False: it is not a message of Celery at all.
    """

    def __init__(self, reason: str, *, has_expected_name: bool) -> None:
        super().__init__(reason)
        self.has_expected_name = has_expected_name


def video_asked_for(raw: bytes, task: str) -> uuid.UUID:
    """The id of the video that a message of the task named ``task`` is about. Raises OtherTask or UnusableTask."""
    has_expected_name = False
    try:
        message = json.loads(raw)
        name = message["headers"].get("task")
        has_expected_name = name == task
        if name is not None and not has_expected_name:
            raise OtherTask(_shown(name))
        if reason := _why_unreadable(message):
            if has_expected_name:
                raise UnusableTask(reason, has_expected_name=True)
            raise OtherTask(f"no name that can be read: {reason}")
        body = json.loads(_decoded(message))
        if name is None:
            has_expected_name = body["task"] == task
            if not has_expected_name:
                raise OtherTask(_shown(body["task"]))
        return _video_id(*((body.get("args"), body.get("kwargs")) if isinstance(body, dict) else body[:2]))
    except _NoVideo as error:
        raise UnusableTask(str(error), has_expected_name=has_expected_name) from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise UnusableTask("not a message of Celery", has_expected_name=has_expected_name) from error


class _NoVideo(Exception):
    """A message of Celery has no video id; the text says why."""


def _shown(name: object) -> str:
    return repr(str(name)[:NAME_CHARACTERS_SHOWN])


def _why_unreadable(message: dict[str, Any]) -> str:
    """Why the body of the message is not read; empty if it is read."""
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
    """The first argument of the task, or the one named ``video_id``."""
    value = arguments[0] if isinstance(arguments, list) and arguments else None
    if value is None and isinstance(keywords, dict):
        value = keywords.get("video_id")
    if not isinstance(value, str):
        raise _NoVideo("no video id among its arguments")
    try:
        return uuid.UUID(value)
    except ValueError:
        raise _NoVideo("its argument is not a video id") from None
