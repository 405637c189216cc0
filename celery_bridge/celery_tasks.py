"""The old queue: Celery's tasks as kombu's Redis transport stores them.

Waiting tasks are in a list with the name of the queue, oldest last, and in one more list for each priority above 0.
A task that a Celery worker took is in the hash ``unacked`` until the worker acknowledges it; the time of the taking is
in the sorted set ``unacked_index``. The bridge reads tasks *in place* and removes each one after it is moved. A reader
that pops, as Celery's own workers do, loses its tasks when it is killed.

Source: kombu 5.7 ``transport/redis.py``. Transport options that rename keys (``global_keyprefix``, ``sep``,
``priority_steps``) must have their defaults.
"""

import json
import re
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

# A task is parked only if this script removed it, because a worker may take or finish it meanwhile.
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
    """One task of the old queue.

    It waits in the list ``place``; if a worker took it, ``tag`` is its key in ``unacked``. Without a ``video_id``,
    either ``other_name`` is the name of another task, or ``problem`` says why the task cannot be used.
    ``has_expected_name`` is True if its name is that of ANB_CELERY_TASK.
    """

    raw: bytes
    place: str
    tag: bytes | None = None
    video_id: uuid.UUID | None = None
    other_name: str = ""
    problem: str = ""
    has_expected_name: bool = False


class CeleryTasks:
    """Celery's queue in Redis. Every method raises Unavailable if Redis is away or refuses the command."""

    def __init__(self, broker_url: str, queue: str, task: str) -> None:
        """Does not connect yet: the first call of a method does. Raises SettingsError if the URL cannot be read."""
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
        """Write a key that expires. A Redis that is full, or a replica, answers a ping but refuses this write."""
        with _translated("write"):
            self._redis.set(self._probe, b"", px=PROBE_MS)

    def check_removing(self) -> None:
        """Remove that key. A full Redis still allows it, a replica does not."""
        with _translated("remove"):
            self._redis.delete(self._probe)

    def waiting(self, *, removing: bool) -> Iterator[list[OldTask]]:
        """Pages of the waiting tasks, oldest first.

        With ``removing``, the caller must remove or park each task of a page, except those of other names, before it
        gets the next page. While workers take tasks, a pass may miss a few; the next pass finds them.
        """
        for suffix in PRIORITY_SUFFIXES:
            place, passed = self._queue + suffix, 0
            while page := self._oldest(place, passed):
                tasks = [self._read(raw, place) for raw in page]
                yield tasks
                passed += sum(bool(task.other_name) for task in tasks) if removing else len(tasks)

    def in_work(self) -> int:
        """How many tasks of this queue, except those of other names, workers took and did not acknowledge."""
        with _translated("count tasks in work"):
            entries = dict(self._redis.hscan_iter(TAKEN, count=PAGE))  # a scan may return an entry twice
            return sum(not task.other_name for task in self._taken(entries))

    def abandoned(self, seconds: float) -> Iterator[list[OldTask]]:
        """Pages of the tasks that workers took over ``seconds`` ago and did not acknowledge; with 0, all of them."""
        # The worker's clock wrote the time, and it may be ahead of Redis' clock. So 0 does not compare times.
        with _translated("look for abandoned tasks"):
            latest = self._redis.time()[0] - seconds if seconds else "+inf"
            tags = cast("list[bytes]", self._redis.zrangebyscore(TAKEN_AT, "-inf", latest))
        for start in range(0, len(tags), PAGE):
            page = tags[start : start + PAGE]
            with _translated("read abandoned tasks"):
                entries = cast("list[bytes | None]", self._redis.hmget(TAKEN, page))
                tasks = self._taken({tag: entry for tag, entry in zip(page, entries, strict=True) if entry})
            yield tasks

    def remove(self, task: OldTask) -> bool:
        """Remove a task. False if a Celery worker took or finished it meanwhile."""
        with _translated("remove a task"), self._redis.pipeline() as transaction:
            if task.tag is None:
                transaction.lrem(task.place, -1, cast("str", task.raw))
            else:
                transaction.hdel(TAKEN, cast("str", task.tag))
                transaction.zrem(TAKEN_AT, task.tag)
            return bool(transaction.execute()[0])

    def park(self, task: OldTask) -> bool:
        """Move a task to the list ``{queue}.parked``, which no worker reads. False if a worker took it meanwhile."""
        with _translated("park a task"):
            if task.tag is None:
                return bool(self._park_waiting(keys=[task.place, self._parked], args=[task.raw]))
            return bool(self._park_taken(keys=[TAKEN, self._parked, TAKEN_AT], args=[task.raw, task.tag]))

    def send(self, video_id: uuid.UUID, task_id: uuid.UUID) -> None:
        """Queue a video for Celery's workers. Redis has the task when this returns."""
        with _translated("send a task"):
            self._app.send_task(self._task, args=[str(video_id)], task_id=str(task_id), queue=self._queue, retry=False)

    def _oldest(self, place: str, passed: int) -> list[bytes]:
        """Up to PAGE tasks of a list, oldest first, after the ``passed`` oldest ones."""
        with _translated("read tasks"):
            page = cast("list[bytes]", self._redis.lrange(place, -passed - PAGE, -passed - 1))
        return page[::-1]

    def _taken(self, entries: Mapping[bytes, bytes]) -> list[OldTask]:
        """The tasks of this queue among entries of ``unacked``. Entries that cannot be read are skipped."""
        bindings_of = cache(self._bindings)
        tasks = []
        for tag, entry in entries.items():
            with suppress(ValueError, TypeError):
                message, exchange, routing_key = json.loads(entry)
                queues = {binding[-1] for binding in bindings_of(exchange) if _leads(binding, routing_key)}
                # Without a binding, kombu uses the name of the queue as routing key.
                if self._queue in (queues or {routing_key}):
                    tasks.append(self._read(json.dumps(message).encode(), self._queue, tag))
        return tasks

    def _bindings(self, exchange: str) -> list[list[str]]:
        """The bindings of an exchange: routing key, pattern (empty unless it is a topic exchange) and queue."""
        members = cast("set[bytes]", self._redis.smembers(f"{BINDINGS}{exchange}")) if exchange else set()
        return [member.decode(errors="replace").split(SEPARATOR) for member in members]

    def _read(self, raw: bytes, place: str, tag: bytes | None = None) -> OldTask:
        try:
            return OldTask(raw, place, tag, video_id=video_asked_for(raw, self._task), has_expected_name=True)
        except OtherTask as error:
            return OldTask(raw, place, tag, other_name=str(error))
        except UnusableTask as error:
            return OldTask(raw, place, tag, problem=str(error), has_expected_name=error.has_expected_name)


def _leads(binding: list[str], routing_key: str) -> bool:
    """Whether a message with this routing key goes to the queue of the binding."""
    try:
        key, pattern, _queue = binding
        return key == routing_key or bool(pattern and re.match(pattern, routing_key))
    except (ValueError, re.error):
        return False


def _clients(broker_url: str) -> tuple["redis.Redis", Any]:
    """The clients of redis-py and Celery, not connected yet. Raises SettingsError if the URL cannot be read."""
    limits: dict[str, Any] = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
    try:
        client = redis.Redis.from_url(broker_url, **limits)
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)
        app = celery.Celery("anb", broker=broker_url, set_as_current=False)
        app.conf.update(broker_transport_options=limits, task_ignore_result=True)
        app.connection_for_write().close()
    except (ValueError, TypeError, KeyError, redis.exceptions.RedisError):
        # The cause is not chained, because its text may contain the URL with the password.
        raise SettingsError(
            "ANB_CELERY_BROKER_URL: redis-py or kombu cannot read it; percent-encode special characters of the "
            "password, and check the options after a ?"
        ) from None
    return client, app


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except (redis.exceptions.RedisError, kombu.exceptions.OperationalError, OSError) as error:
        cause = error.__cause__ if isinstance(error, kombu.exceptions.OperationalError) and error.__cause__ else error
        # The cause is not chained, because its text may contain the URL with the password.
        raise Unavailable("Celery broker", operation, kind=type(cause).__name__) from None
