"""The old queue: Celery's tasks as kombu's Redis transport keeps them.

What waits lies in a list named after the queue, oldest last, and in one more list for each priority above 0. What a
Celery worker has taken lies in the hash ``unacked`` until it acknowledges, with the time of the taking in the sorted
set ``unacked_index``. Tasks are looked at *in place* and removed once they are taken care of: a reader that pops, as
Celery's own workers do, loses what it held when it is killed. Bodies are read as JSON only, never unpickled.

Source: kombu 5.7 ``transport/redis.py`` and Celery's message protocols 1 and 2. Transport options that rename keys
(``global_keyprefix``, ``sep``, ``priority_steps``) must have their defaults.
"""

import base64
import binascii
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import celery
import kombu.exceptions
import redis

from showcase.errors import Unavailable

PAGE = 100
PRIORITY_SUFFIXES = ("", "\x06\x163", "\x06\x166", "\x06\x169")
TAKEN, TAKEN_AT = "unacked", "unacked_index"
ANSWER_SECONDS = 10.0
BODY_CHARACTERS_MAX = 65_536


@dataclass(frozen=True, slots=True)
class OldTask:
    """One task of the old queue, and where it lies: in a list, or taken under a tag.

    ``problem`` says why nobody can tell its video; ``video_id`` is None then.
    """

    raw: bytes
    place: str
    tag: bytes | None = None
    video_id: uuid.UUID | None = None
    problem: str = ""


class CeleryTasks:
    """Celery's queue in Redis. Every method raises Unavailable when Redis is away."""

    def __init__(self, broker_url: str, queue: str, task: str) -> None:
        self._queue = queue
        self._task = task
        self._parked = f"{queue}.parked"
        self._redis = redis.Redis.from_url(
            broker_url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        limits = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
        self._app = celery.Celery("anb", broker=broker_url, set_as_current=False)
        self._app.conf.update(broker_transport_options=limits, task_ignore_result=True)

    def close(self) -> None:
        self._app.close()
        self._redis.close()

    def waiting(self, *, removing: bool) -> Iterator[list[OldTask]]:
        """Pages of what waits, oldest first. ``removing``: the caller removes or parks each before the next page."""
        for suffix in PRIORITY_SUFFIXES:
            place, passed = self._queue + suffix, 0
            while page := self._tail(place, passed):
                yield [self._read(raw, place) for raw in page]
                passed += 0 if removing else len(page)

    def in_work(self) -> int:
        """How many tasks, of any queue of this Redis, workers took and have not acknowledged."""
        with _translated("count tasks in work"):
            return self._redis.hlen(TAKEN)

    def abandoned(self, seconds: float) -> Iterator[list[OldTask]]:
        """What workers took more than ``seconds`` ago and never acknowledged, in pages."""
        with _translated("look for abandoned tasks"):
            tags = cast("list[bytes]", self._redis.zrangebyscore(TAKEN_AT, 0, time.time() - seconds))
        for start in range(0, len(tags), PAGE):
            page = tags[start : start + PAGE]
            with _translated("read abandoned tasks"):
                entries = cast("list[bytes | None]", self._redis.hmget(TAKEN, page))
            found = [_taken(tag, entry) for tag, entry in zip(page, entries, strict=True) if entry]
            yield [self._read(raw, key, tag) for tag, raw, key in found if key == self._queue]

    def remove(self, task: OldTask) -> bool:
        """Forget a task. False if a Celery worker took, or finished, it meanwhile."""
        with _translated("remove a task"), self._redis.pipeline() as transaction:
            self._forget(transaction, task)
            return bool(transaction.execute()[0])

    def park(self, task: OldTask) -> None:
        """Move a task that nobody can use to the list ``{queue}.parked``, where no worker reads."""
        with _translated("park a task"), self._redis.pipeline() as transaction:
            self._forget(transaction, task)
            transaction.lpush(self._parked, task.raw)
            transaction.execute()

    def send(self, video_id: uuid.UUID, task_id: uuid.UUID) -> None:
        """Queue a video for Celery's workers; Redis has it when this returns."""
        with _translated("send a task"):
            self._app.send_task(self._task, args=[str(video_id)], task_id=str(task_id), queue=self._queue, retry=False)

    def _tail(self, place: str, passed: int) -> list[bytes]:
        with _translated("read tasks"):
            page = cast("list[bytes]", self._redis.lrange(place, -passed - PAGE, -passed - 1))
        return page[::-1]

    def _forget(self, transaction: Any, task: OldTask) -> None:
        if task.tag is None:
            transaction.lrem(task.place, -1, task.raw)
        else:
            transaction.hdel(TAKEN, task.tag)
            transaction.zrem(TAKEN_AT, task.tag)

    def _read(self, raw: bytes, place: str, tag: bytes | None = None) -> OldTask:
        try:
            return OldTask(raw, place, tag, video_id=_video_id(raw, self._task))
        except _Unusable as error:
            return OldTask(raw, place, tag, problem=str(error))


class _Unusable(Exception):
    """A task of which nobody can tell the video."""


def _video_id(raw: bytes, wanted_task: str) -> uuid.UUID:
    """The first argument, or the one named ``video_id``."""
    name, arguments, keywords = _call(raw)
    if name != wanted_task:
        raise _Unusable(f"another task: {str(name)[:80]!r}")
    value = arguments[0] if isinstance(arguments, list) and arguments else None
    if value is None and isinstance(keywords, dict):
        value = keywords.get("video_id")
    if not isinstance(value, str):
        raise _Unusable("no video id among its arguments")
    try:
        return uuid.UUID(value)
    except ValueError:
        raise _Unusable("its argument is no video id") from None


def _call(raw: bytes) -> tuple[object, object, object]:
    """(task, arguments, keyword arguments) of a message in protocol 1 or 2."""
    try:
        message = json.loads(raw)
        if message.get("content-type") != "application/json":
            raise _Unusable(f"content type {str(message.get('content-type'))[:80]!r}: only JSON is read")
        body = json.loads(_decoded(message))
        if isinstance(body, dict):
            return body["task"], body.get("args"), body.get("kwargs")
        return message["headers"]["task"], body[0], body[1]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise _Unusable("not a message of Celery") from error


def _decoded(message: dict[str, Any]) -> bytes | str:
    body = message["body"]
    if not isinstance(body, str) or len(body) > BODY_CHARACTERS_MAX:
        raise _Unusable("its body is no text, or too long")
    if message["properties"].get("body_encoding") != "base64":
        return body
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise _Unusable("its body is not base64") from error


def _taken(tag: bytes, entry: bytes) -> tuple[bytes, bytes, str]:
    """(tag, message, queue) of an entry of ``unacked``; one that cannot be read belongs to no queue of ours."""
    try:
        message, _exchange, routing_key = json.loads(entry)
        return tag, json.dumps(message).encode(), str(routing_key)
    except (ValueError, TypeError):
        return tag, entry, ""


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except (redis.exceptions.RedisError, kombu.exceptions.OperationalError, OSError):
        # The cause may quote the URL with its password: it is not chained.
        raise Unavailable("Celery broker", operation) from None
