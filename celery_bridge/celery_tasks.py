"""The old queue: Celery's tasks as kombu's Redis transport keeps them.

What waits lies in a list named after the queue, oldest last, and in one more list for each priority above 0. What a
Celery worker has taken lies in the hash ``unacked`` until it acknowledges, with the time of the taking in the sorted
set ``unacked_index``. Tasks are looked at *in place* and removed once they are taken care of: a reader that pops, as
Celery's own workers do, loses what it held when it is killed.

Source: kombu 5.7 ``transport/redis.py``. Transport options that rename keys (``global_keyprefix``, ``sep``,
``priority_steps``) must have their defaults.
"""

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import celery
import kombu.exceptions
import redis

from celery_bridge.celery_message import OtherTask, UnusableTask, video_asked_for
from showcase.errors import SettingsError, Unavailable

PAGE = 100
SEPARATOR = "\x06\x16"
PRIORITY_SUFFIXES = ("", f"{SEPARATOR}3", f"{SEPARATOR}6", f"{SEPARATOR}9")
TAKEN, TAKEN_AT, BINDINGS = "unacked", "unacked_index", "_kombu.binding."
ANSWER_SECONDS = 10.0
PROBE_MS = 1000

# Whoever takes or finishes the task meanwhile has it: only what was removed is parked.
PARK_WAITING = """
if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 0 then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[1])
return 1
"""
PARK_TAKEN = """
if redis.call('HDEL', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('LPUSH', KEYS[2], ARGV[1])
return 1
"""


@dataclass(frozen=True, slots=True)
class OldTask:
    """One task of the old queue, and where it lies: in a list, or taken under a tag.

    Without ``video_id``, it is either somebody else's, and ``other`` says whose; or nobody can use it, and ``problem``
    says why.
    ``is_ours``: it bears our task's name.
    """

    raw: bytes
    place: str
    tag: bytes | None = None
    video_id: uuid.UUID | None = None
    other: str = ""
    problem: str = ""
    is_ours: bool = False


class CeleryTasks:
    """Celery's queue in Redis. Every method raises Unavailable when Redis is away or refuses us."""

    def __init__(self, broker_url: str, queue: str, task: str) -> None:
        """Connects with the first call. Raises SettingsError if nobody can read the URL."""
        self._queue = queue
        self._task = task
        self._parked = f"{queue}.parked"
        self._probe = f"{queue}.bridge"
        self._redis, self._app = _clients(broker_url)
        self._park_waiting = self._redis.register_script(PARK_WAITING)
        self._park_taken = self._redis.register_script(PARK_TAKEN)

    def close(self) -> None:
        self._app.close()
        self._redis.close()

    def check_writable(self) -> None:
        """Write a key that goes by itself: a Redis that is full or a replica answers, and takes nothing."""
        with _translated("write"):
            self._redis.set(self._probe, b"", px=PROBE_MS)

    def check_removing(self) -> None:
        """The same of removing alone, which a full Redis still does."""
        with _translated("remove"):
            self._redis.delete(self._probe)

    def waiting(self, *, removing: bool) -> Iterator[list[OldTask]]:
        """Pages of what waits, oldest first.

        ``removing``: the caller removes or parks each, but those of others, before the next page. While others take
        tasks, a few may be passed over; the next look has them.
        """
        for suffix in PRIORITY_SUFFIXES:
            place, passed = self._queue + suffix, 0
            while page := self._tail(place, passed):
                tasks = [self._read(raw, place) for raw in page]
                yield tasks
                passed += sum(bool(task.other) for task in tasks) if removing else len(tasks)

    def in_work(self) -> int:
        """How many tasks of ours workers took and have not acknowledged."""
        with _translated("count tasks in work"):
            entries = dict(self._redis.hscan_iter(TAKEN, count=PAGE))  # a scan may tell one twice
            return sum(not task.other for task in self._taken(entries))

    def abandoned(self, seconds: float) -> Iterator[list[OldTask]]:
        """What workers took more than ``seconds`` ago and never acknowledged, in pages; with 0, all that they took."""
        # Whoever took it wrote the time by a clock of its own, which may be ahead of ours.
        latest = time.time() - seconds if seconds else "+inf"
        with _translated("look for abandoned tasks"):
            tags = cast("list[bytes]", self._redis.zrangebyscore(TAKEN_AT, "-inf", latest))
        for start in range(0, len(tags), PAGE):
            page = tags[start : start + PAGE]
            with _translated("read abandoned tasks"):
                entries = cast("list[bytes | None]", self._redis.hmget(TAKEN, page))
                tasks = self._taken({tag: entry for tag, entry in zip(page, entries, strict=True) if entry})
            yield tasks

    def remove(self, task: OldTask) -> bool:
        """Forget a task. False if a Celery worker took, or finished, it meanwhile."""
        with _translated("remove a task"), self._redis.pipeline() as transaction:
            if task.tag is None:
                transaction.lrem(task.place, -1, cast("str", task.raw))
            else:
                transaction.hdel(TAKEN, cast("str", task.tag))
                transaction.zrem(TAKEN_AT, task.tag)
            return bool(transaction.execute()[0])

    def park(self, task: OldTask) -> bool:
        """Move a task to the list ``{queue}.parked``, where no worker reads. False if one took it meanwhile."""
        with _translated("park a task"):
            if task.tag is None:
                return bool(self._park_waiting(keys=[task.place, self._parked], args=[task.raw]))
            return bool(self._park_taken(keys=[TAKEN, self._parked, TAKEN_AT], args=[task.raw, task.tag]))

    def send(self, video_id: uuid.UUID, task_id: uuid.UUID) -> None:
        """Queue a video for Celery's workers; Redis has it when this returns."""
        with _translated("send a task"):
            self._app.send_task(self._task, args=[str(video_id)], task_id=str(task_id), queue=self._queue, retry=False)

    def _tail(self, place: str, passed: int) -> list[bytes]:
        with _translated("read tasks"):
            page = cast("list[bytes]", self._redis.lrange(place, -passed - PAGE, -passed - 1))
        return page[::-1]

    def _taken(self, entries: Mapping[bytes, bytes]) -> list[OldTask]:
        """Those of our queue among entries of ``unacked``; one that cannot be read belongs to no queue of ours."""
        bindings_of = cache(self._bindings)
        tasks = []
        for tag, entry in entries.items():
            with suppress(ValueError, TypeError):
                message, exchange, routing_key = json.loads(entry)
                queues = {binding[-1] for binding in bindings_of(exchange) if _leads(binding, routing_key)}
                # Without a binding, kombu's key has the name of its queue.
                if self._queue in (queues or {routing_key}):
                    tasks.append(self._read(json.dumps(message).encode(), self._queue, tag))
        return tasks

    def _bindings(self, exchange: str) -> list[list[str]]:
        """Of an exchange of kombu's: key, pattern (of a topic exchange, else empty) and queue."""
        members = cast("set[bytes]", self._redis.smembers(f"{BINDINGS}{exchange}")) if exchange else set()
        return [member.decode(errors="replace").split(SEPARATOR) for member in members]

    def _read(self, raw: bytes, place: str, tag: bytes | None = None) -> OldTask:
        try:
            return OldTask(raw, place, tag, video_id=video_asked_for(raw, self._task), is_ours=True)
        except OtherTask as error:
            return OldTask(raw, place, tag, other=str(error))
        except UnusableTask as error:
            return OldTask(raw, place, tag, problem=str(error), is_ours=error.is_ours)


def _leads(binding: list[str], routing_key: str) -> bool:
    try:
        key, pattern, _queue = binding
        return key == routing_key or bool(pattern and re.match(pattern, routing_key))
    except (ValueError, re.error):
        return False


def _clients(broker_url: str) -> tuple["redis.Redis", Any]:
    """Both clients, not connected yet. Raises SettingsError if one of them cannot read the URL."""
    limits: dict[str, Any] = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
    try:
        client = redis.Redis.from_url(broker_url, **limits)
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)
        app = celery.Celery("anb", broker=broker_url, set_as_current=False)
        app.conf.update(broker_transport_options=limits, task_ignore_result=True)
        app.connection_for_write().close()
    except (ValueError, TypeError, KeyError, redis.exceptions.RedisError):
        # The cause may quote the URL with its password: it is not chained.
        raise SettingsError(
            "ANB_CELERY_BROKER_URL: redis-py or kombu cannot read it; percent-encode special characters of the "
            "password; after a ? they know other options, or none"
        ) from None
    return client, app


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except (redis.exceptions.RedisError, kombu.exceptions.OperationalError, OSError) as error:
        cause = error.__cause__ if isinstance(error, kombu.exceptions.OperationalError) and error.__cause__ else error
        # The cause may quote the URL with its password: it is not chained.
        raise Unavailable("Celery broker", operation, kind=type(cause).__name__) from None
