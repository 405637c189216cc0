"""Unusual tasks in a Celery queue, and unusual messages in SQS on the way back."""

import base64
import json
import time
import uuid
from dataclasses import replace
from typing import Any

import pytest
from kombu import Connection, Exchange, Producer, Queue
from sqlalchemy import update

from celery_bridge.celery_tasks import PAGE, PRIORITY_SUFFIXES, TAKEN, TAKEN_AT
from celery_bridge.moves import NOT_IN_THE_DATABASE
from celery_bridge.tests.old_system import QUEUE, TASK, OldSystem
from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.database.tables import Video
from showcase.jobs import jobs
from showcase.jobs.job_message import parse_message
from showcase.jobs.job_queue import JobQueue
from tests.faults.system_under_faults import END_SECONDS, SystemUnderFaults
from tests.records import claimed, new_video, shift_due


def message(
    body: Any,
    *,
    task: str | None = TASK,
    content_type: str = "application/json",
    encoding: str = "base64",
    **headers: str,
) -> bytes:
    """A message as kombu writes it. In protocol 1 (``task=None``), only the body has the name of the task."""
    text = json.dumps(body)
    return json.dumps(
        {
            "body": base64.b64encode(text.encode()).decode() if encoding == "base64" else text,
            "content-type": content_type,
            "headers": {**headers, **({"task": task} if task else {})},
            "properties": {"body_encoding": encoding},
        }
    ).encode()


def call(*arguments: object, **keywords: object) -> list[object]:
    return [arguments, keywords, {}]


def sent(system: SystemUnderFaults) -> set[uuid.UUID]:
    """Receive all messages from SQS. Returns the ids of their videos."""
    found = set()
    while batch := system.queue.receive(10):
        found |= {parse_message(delivery.body).video_id for delivery in batch}
    return found


PICKLE = "application/x-python-serialize"
GZIP = "application/x-gzip"

UNUSABLE = {
    "only JSON is read": message(call(str(uuid.uuid4())), content_type=PICKLE),
    "compressed": message(call(str(uuid.uuid4())), compression=GZIP),
    "no video id among": message(call()),
    "is not a video id": message(call("../../etc/passwd")),
    "not base64": json.dumps(
        {"body": "%", "content-type": "application/json", "properties": {"body_encoding": "base64"}, "headers": {}}
    ).encode(),
    "not a message of Celery": b"\xff{",
    "too long": message(call("x" * 70_000), encoding=""),
}


@pytest.mark.parametrize("reason", UNUSABLE)
def test_an_unusable_task_is_parked_with_a_reason(old: OldSystem, reason: str) -> None:
    old.redis.lpush(QUEUE, UNUSABLE[reason])
    code, document = old.run_bridge("to-sqs")
    assert (code, document["parked"], document["moved"]) == (1, 1, 0)
    assert any(reason in told for told in document["reasons"])
    assert old.parked() == [UNUSABLE[reason]] and old.waiting() == 0


OTHERS = {
    "'send_mail'": message(call("x"), task="send_mail"),
    "'pickled_mail'": message(call("x"), task="pickled_mail", content_type=PICKLE),
    "'old_mail'": message({"task": "old_mail", "args": ["x"], "kwargs": {}, "id": "1"}, task=None),
    "no name that can be read: content type": message(call("x"), task=None, content_type=PICKLE),
    "no name that can be read: compressed": message(call("x"), task=None, compression=GZIP),
    "no name that can be read: its body is too long": message(call("x" * 70_000), task=None, encoding=""),
}


def test_tasks_of_other_names_are_left_where_they_are(old: OldSystem, system: SystemUnderFaults) -> None:
    entries = [new_video(system.database) for _ in range(3)]
    others = [*OTHERS.values(), *[OTHERS["'send_mail'"]] * PAGE]
    first, second, third = (message(call(str(entry.video_id))) for entry in entries)
    old.redis.lpush(QUEUE, first, *others[:PAGE], second, *others[PAGE:], third)
    code, document = old.run_bridge("to-sqs")
    assert (code, document["moved"], document["left"], document["parked"]) == (0, 3, len(others), 0)
    assert all(any(told.startswith(name) for told in document["other_tasks"]) for name in OTHERS)
    assert not document["is_name_in_doubt"]
    assert sent(system) == {entry.video_id for entry in entries}
    assert list(old.redis.lrange(QUEUE, 0, -1)) == others[::-1]


def test_a_queue_with_only_other_names_causes_a_hint_about_the_expected_name(
    old: OldSystem, system: SystemUnderFaults
) -> None:
    entry = new_video(system.database)
    tasks = [message(call(str(entry.video_id))), b"not a message of Celery"]
    old.redis.lpush(QUEUE, *tasks)
    bridge = old.start_bridge("to-sqs", ANB_CELERY_TASK="videos.process")
    assert bridge.wait(END_SECONDS) == 1
    assert bridge.logged("0 moved, 0 settled, 1 parked, 1 left.") and bridge.logged("1 left: 'process_video'")
    assert bridge.logged("is ANB_CELERY_TASK right?")
    assert old.waiting() == 1 and sent(system) == set()


def test_a_task_that_a_worker_takes_meanwhile_is_not_parked(old: OldSystem) -> None:
    taken = json.dumps([json.loads(UNUSABLE["is not a video id"]), "", QUEUE])
    old.redis.lpush(QUEUE, UNUSABLE["too long"])
    old.redis.hset(TAKEN, "tag", taken)
    old.redis.zadd(TAKEN_AT, {"tag": 1})
    ((waits,),) = old.tasks.waiting(removing=False)
    ((held,),) = old.tasks.abandoned(0)
    old.redis.delete(QUEUE, TAKEN, TAKEN_AT)
    assert not old.tasks.park(waits) and not old.tasks.park(held)
    assert old.parked() == []

    old.redis.hset(TAKEN, "tag", taken)
    old.redis.zadd(TAKEN_AT, {"tag": 1})
    assert old.tasks.park(held)
    assert (len(old.parked()), old.redis.hlen(TAKEN), old.redis.zcard(TAKEN_AT)) == (1, 0, 0)


def test_every_form_of_a_task_is_moved(old: OldSystem, system: SystemUnderFaults) -> None:
    entries = [new_video(system.database) for _ in range(4 + len(PRIORITY_SUFFIXES))]
    ids = [str(entry.video_id) for entry in entries]
    protocol_1 = {"task": TASK, "args": [ids[0]], "kwargs": {}, "id": "1"}
    old.redis.lpush(QUEUE, message(protocol_1, task=None))
    old.redis.lpush(QUEUE, message(call(video_id=ids[1])), message(call(ids[2]), encoding=""))
    for suffix, video_id in zip(PRIORITY_SUFFIXES, ids[3:], strict=False):
        old.redis.lpush(QUEUE + suffix, message(call(video_id)))
    old.redis.lpush(QUEUE, message(call(ids[-1])), message(call(ids[-1])))  # the same task twice
    code, document = old.run_bridge("to-sqs")
    assert (code, document["moved"], document["parked"]) == (0, len(ids) + 1, 0)
    assert sent(system) == {entry.video_id for entry in entries}


def test_the_task_of_a_settled_video_is_removed(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = new_video(system.database)
    with system.database.writing() as connection:
        assert jobs.fail(connection, claimed(system.database, entry), code="damaged", reason="dañado")
    old.redis.lpush(QUEUE, message(call(str(entry.video_id))))
    code, document = old.run_bridge("to-sqs")
    assert (code, document["settled"], old.waiting(), sent(system)) == (0, 1, 0, set())


def test_with_the_wrong_database_nothing_is_lost(old: OldSystem, system: SystemUnderFaults, sqlite_url: str) -> None:
    entry = new_video(system.database)
    task = message(call(str(entry.video_id)))
    old.redis.lpush(QUEUE, task)
    code, document = old.run_bridge("to-sqs", ANB_DATABASE_URL=sqlite_url)
    assert (code, document["reasons"]) == (1, {NOT_IN_THE_DATABASE: 1})
    assert old.parked() == [task] and old.waiting() == 0 and sent(system) == set()

    old.redis.rpoplpush(f"{QUEUE}.parked", QUEUE)
    code, document = old.run_bridge("to-sqs")
    assert (code, document["moved"], sent(system)) == (0, 1, {entry.video_id})


def test_on_the_way_back_with_the_wrong_database_nothing_is_lost(
    old: OldSystem, system: SystemUnderFaults, sqlite_url: str
) -> None:
    entry = system.accepted_video()
    code, document = old.run_bridge("to-celery", ANB_DATABASE_URL=sqlite_url)
    assert (code, document["reasons"], old.waiting()) == (1, {NOT_IN_THE_DATABASE: 1}, 0)
    (letter,) = JobQueue(Aws(REGION, system.emulator.url), system.queues.dead_letter, "").receive(10)
    assert letter.reason == NOT_IN_THE_DATABASE and parse_message(letter.body).video_id == entry.video_id


def test_on_the_way_back_a_message_of_an_older_task_is_removed(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = new_video(system.database)
    system.outbox.deliver(replace(entry, task_id=uuid.uuid4()))
    code, document = old.run_bridge("to-celery")
    assert (code, document["settled"], old.waiting(), system.queue.depth().dead) == (0, 1, 0, 0)


def test_on_the_way_back_a_video_in_work_is_moved_too(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = system.accepted_video()
    claimed(system.database, entry, lease_seconds=3600)
    code, document = old.run_bridge("to-celery")
    assert (code, document["moved"], old.waiting()) == (0, 1, 1)


def test_after_the_move_the_sweeper_sends_the_message_of_a_row_without_outbox_entry(
    old: OldSystem, system: SystemUnderFaults
) -> None:
    entry = new_video(system.database)
    with system.database.writing() as connection:
        connection.execute(update(Video).values(message_due_at=None))
    old.redis.lpush(QUEUE, message(call(str(entry.video_id))))
    assert old.run_bridge("to-sqs")[0] == 0
    assert system.state(entry).has_message_due
    system.emulator.sqs.purge_queue(QueueUrl=system.queues.jobs)
    shift_due(system.database, entry.video_id, -1)
    assert system.outbox.sweep() == 1
    assert sent(system) == {entry.video_id}


def test_the_task_of_a_dead_worker_is_moved_and_the_task_of_a_live_one_is_left(
    old: OldSystem, system: SystemUnderFaults
) -> None:
    dead, live, foreign = (new_video(system.database) for _ in range(3))
    for entry, queue, age in ((dead, QUEUE, 7200), (live, QUEUE, 10), (foreign, "mail", 7200)):
        taken = [json.loads(message(call(str(entry.video_id)))), "", queue]
        old.redis.hset(TAKEN, str(entry.video_id), json.dumps(taken))
        old.redis.zadd(TAKEN_AT, {str(entry.video_id): time.time() - age})
    code, document = old.run_bridge("to-sqs")
    assert (code, document["moved"], document["in_work"]) == (1, 1, 1)
    assert sent(system) == {dead.video_id}
    assert old.redis.hlen(TAKEN) == old.redis.zcard(TAKEN_AT) == 2


def test_zero_seconds_includes_all_tasks_even_if_the_clock_of_the_worker_is_ahead(
    old: OldSystem, system: SystemUnderFaults
) -> None:
    entry = new_video(system.database)
    old.redis.hset(TAKEN, "tag", json.dumps([json.loads(message(call(str(entry.video_id)))), "", QUEUE]))
    old.redis.zadd(TAKEN_AT, {"tag": time.time() + 3600})
    code, document = old.run_bridge("to-sqs", "--abandoned", "0")
    assert (code, document["moved"], document["in_work"]) == (0, 1, 0)


def test_a_queue_is_found_by_its_bindings_for_any_routing_key(old: OldSystem, system: SystemUnderFaults) -> None:
    own, foreign = new_video(system.database), new_video(system.database)
    media = Exchange("media")
    with Connection(old.url) as connection, connection.channel() as channel:
        for entry, name, key in ((own, "videos", "clip"), (foreign, "mail", "videos")):
            Queue(name, media, routing_key=key).bind(channel).declare()
            body, headers = call(str(entry.video_id)), {"task": TASK, "id": str(entry.task_id)}
            Producer(channel).publish(body, exchange=media, routing_key=key, headers=headers, serializer="json")
            assert channel.basic_get(name)  # and not acknowledged
        assert old.redis.hlen(TAKEN) == 2
        code, document = old.run_bridge("to-sqs", ANB_CELERY_QUEUE="videos")
        assert (code, document["moved"], document["in_work"]) == (1, 0, 1)
        code, document = old.run_bridge("to-sqs", "--abandoned", "0", ANB_CELERY_QUEUE="videos")
        assert (code, document["moved"], document["in_work"]) == (0, 1, 0)
        assert old.redis.hlen(TAKEN) == 1
    assert sent(system) == {own.video_id}


def test_a_dry_run_counts_every_task_and_changes_nothing(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = new_video(system.database)
    tasks = [message(call(str(entry.video_id)))] * (2 * PAGE + 1) + [UNUSABLE["too long"], OTHERS["'send_mail'"]]
    old.redis.lpush(QUEUE, *tasks)
    code, document = old.run_bridge("to-sqs", "--dry-run")
    assert (code, document["moved"], document["parked"], document["changed"]) == (1, 2 * PAGE + 1, 1, False)
    assert document["left"] == 1
    assert old.waiting() == len(tasks) and old.parked() == [] and sent(system) == set()


def test_on_the_way_back_unreadable_messages_become_dead_letters(old: OldSystem, system: SystemUnderFaults) -> None:
    entry = system.accepted_video()
    system.emulator.sqs.send_message(QueueUrl=system.queues.jobs, MessageBody="not a job")
    code, document = old.run_bridge("to-celery")
    assert (code, document["moved"], document["parked"]) == (1, 1, 1)
    assert old.waiting() == 1 and system.queue.depth().dead == 1
    (page,) = old.tasks.waiting(removing=False)
    assert [task.video_id for task in page] == [entry.video_id]
