"""What a Celery queue holds besides clips that wait; and the bridge as a tool."""

import base64
import json
import time
import uuid
from typing import Any

import pytest

from showcase import jobs
from showcase.job_message import parse_message
from tests.faults.celery_bridge.old_system import QUEUE, TASK, OldSystem
from tests.faults.stage import Stage
from tests.records import claimed, new_video
from worker.celery_bridge import main
from worker.celery_tasks import PAGE, PRIORITY_SUFFIXES, TAKEN, TAKEN_AT

DEAD_REDIS = "redis://:geheim-42@127.0.0.1:1/0"


def message(body: Any, *, task: str = TASK, content_type: str = "application/json", encoding: str = "base64") -> bytes:
    """As kombu writes it."""
    text = json.dumps(body)
    return json.dumps(
        {
            "body": base64.b64encode(text.encode()).decode() if encoding == "base64" else text,
            "content-type": content_type,
            "headers": {"task": task},
            "properties": {"body_encoding": encoding},
        }
    ).encode()


def call(*arguments: object, **keywords: object) -> list[object]:
    return [arguments, keywords, {}]


def sent(stage: Stage) -> set[uuid.UUID]:
    """The videos that SQS has messages of."""
    found = set()
    while batch := stage.queue.receive(10):
        found |= {parse_message(delivery.body).video_id for delivery in batch}
    return found


UNUSABLE = {
    "another task": message(call("x"), task="send_mail"),
    "only JSON is read": message(call(str(uuid.uuid4())), content_type="application/x-python-serialize"),
    "no video id among": message(call()),
    "is no video id": message(call("../../etc/passwd")),
    "not base64": json.dumps(
        {"body": "%", "content-type": "application/json", "properties": {"body_encoding": "base64"}, "headers": {}}
    ).encode(),
    "not a message of Celery": b"\xff{",
    "too long": message(call("x" * 70_000), encoding=""),
}


@pytest.mark.parametrize("reason", UNUSABLE)
def test_what_nobody_can_use_is_put_aside_with_a_reason(old: OldSystem, reason: str) -> None:
    old.redis.lpush(QUEUE, UNUSABLE[reason])
    code, document = old.run_bridge("to-sqs")
    assert (code, document["parked"], document["moved"]) == (1, 1, 0)
    assert any(reason in told for told in document["reasons"])
    assert old.parked() == [UNUSABLE[reason]] and old.waiting() == 0


def test_every_form_of_a_task_is_understood(old: OldSystem, stage: Stage) -> None:
    entries = [new_video(stage.database) for _ in range(4 + len(PRIORITY_SUFFIXES))]
    ids = [str(entry.video_id) for entry in entries]
    protocol_1 = {"task": TASK, "args": [ids[0]], "kwargs": {}, "id": "1"}
    old.redis.lpush(QUEUE, message(protocol_1), message(call(video_id=ids[1])), message(call(ids[2]), encoding=""))
    for suffix, video_id in zip(PRIORITY_SUFFIXES, ids[3:], strict=False):
        old.redis.lpush(QUEUE + suffix, message(call(video_id)))
    old.redis.lpush(QUEUE, message(call(ids[-1])), message(call(ids[-1])))  # twice the same
    code, document = old.run_bridge("to-sqs")
    assert (code, document["moved"], document["parked"]) == (0, len(ids) + 1, 0)
    assert sent(stage) == {entry.video_id for entry in entries}


def test_what_is_settled_or_gone_is_forgotten(old: OldSystem, stage: Stage) -> None:
    entry = new_video(stage.database)
    with stage.database.writing() as connection:
        assert jobs.fail(connection, claimed(stage.database, entry), code="damaged", reason="dañado")
    old.redis.lpush(QUEUE, message(call(str(entry.video_id))), message(call(str(uuid.uuid4()))))
    assert old.run_bridge("to-sqs")[1]["settled"] == 2
    assert old.waiting() == 0 and sent(stage) == set()


def test_what_a_dead_worker_took_is_moved_and_what_a_live_one_has_is_left(old: OldSystem, stage: Stage) -> None:
    dead, live, foreign = (new_video(stage.database) for _ in range(3))
    for entry, queue, age in ((dead, QUEUE, 7200), (live, QUEUE, 10), (foreign, "mail", 7200)):
        taken = [json.loads(message(call(str(entry.video_id)))), "", queue]
        old.redis.hset(TAKEN, str(entry.video_id), json.dumps(taken))
        old.redis.zadd(TAKEN_AT, {str(entry.video_id): time.time() - age})
    code, document = old.run_bridge("to-sqs")
    assert (code, document["moved"], document["in_work"]) == (0, 1, 2)
    assert sent(stage) == {dead.video_id}
    assert old.redis.hlen(TAKEN) == old.redis.zcard(TAKEN_AT) == 2


def test_a_dry_run_counts_every_task_and_changes_nothing(old: OldSystem, stage: Stage) -> None:
    entry = new_video(stage.database)
    tasks = [message(call(str(entry.video_id)))] * (2 * PAGE + 1) + [UNUSABLE["another task"]]
    old.redis.lpush(QUEUE, *tasks)
    code, document = old.run_bridge("to-sqs", "--dry-run")
    assert (code, document["moved"], document["parked"], document["changed"]) == (1, 2 * PAGE + 1, 1, False)
    assert old.waiting() == len(tasks) and old.parked() == [] and sent(stage) == set()


def test_on_the_way_back_unreadable_messages_become_dead_letters(old: OldSystem, stage: Stage) -> None:
    entry = stage.accepted_video()
    stage.emulator.sqs.send_message(QueueUrl=stage.queues.jobs, MessageBody="not ours")
    code, document = old.run_bridge("to-celery")
    assert (code, document["moved"], document["parked"]) == (1, 1, 1)
    assert old.waiting() == 1 and stage.queue.depth().dead == 1
    (page,) = old.tasks.waiting(removing=False)
    assert [task.video_id for task in page] == [entry.video_id]


@pytest.mark.parametrize("command", ["to-sqs", "to-celery"])
def test_without_redis_it_fails_says_so_and_loses_nothing(old: OldSystem, stage: Stage, command: str) -> None:
    entry = stage.accepted_video()
    bridge = old.start_bridge(command, ANB_CELERY_BROKER_URL=DEAD_REDIS)
    assert bridge.wait(60) == 1
    assert bridge.logged("Celery broker") and bridge.logged("Run it again")
    assert not bridge.logged("geheim") and not bridge.logged("Traceback")
    stage.wait_until(lambda: stage.queue.depth().visible == 1, "back in the queue")
    assert sent(stage) == {entry.video_id}


def test_without_sqs_every_task_stays(old: OldSystem, stage: Stage) -> None:
    entry = new_video(stage.database)
    old.redis.lpush(QUEUE, message(call(str(entry.video_id))))
    code, document = old.run_bridge("to-sqs", **stage.through("http://127.0.0.1:1"))
    assert (code, document["moved"], old.waiting()) == (1, 0, 1)
    assert "queue" in document["error"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["to-mars"], ["to-sqs", "--rate", "0"], ["to-sqs", "--abandoned", "x"], ["to-celery", "--dry-run"]],
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2 and "usage:" in capsys.readouterr().err


def test_a_broker_that_is_no_redis_is_2(old: OldSystem) -> None:
    bridge = old.start_bridge("to-sqs", ANB_CELERY_BROKER_URL="amqp://guest:geheim-42@127.0.0.1//")
    assert bridge.wait(60) == 2
    assert bridge.logged("ANB_CELERY_BROKER_URL") and not bridge.logged("geheim")
