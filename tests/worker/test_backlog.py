"""The metrics that the fleet scales on are right in every state of queue, database and fleet, or not published."""

import json
import threading
import uuid
from pathlib import Path

import pytest
from sqlalchemy import update

from local.system.aws_emulator import REGION, AwsEmulator, Queues
from local.system.processes import ManagedProcess
from showcase.aws import Aws
from showcase.database.engine import Database, database_time
from showcase.database.tables import Video
from showcase.errors import SettingsError
from showcase.jobs import jobs
from showcase.jobs.job_queue import JobQueue, QueueDepth
from showcase.jobs.outbox import Outbox
from tests.fixtures import Recorded
from tests.records import claimed, expire_lease, new_video
from tests.telemetry.receivers import wait_until
from tests.worker.ec2.groups import auto_scaling, create_group
from tests.worker.worker_variables import worker_variables
from worker.backlog import BacklogPublisher
from worker.ec2.fleet_size import FleetSize

AWAY = "http://127.0.0.1:1"
START_SECONDS = 60
LAPTOP = FleetSize(Aws(REGION), None)

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def publisher(database: Database, queue: JobQueue, recorded: Recorded) -> BacklogPublisher:
    return BacklogPublisher(database, queue, LAPTOP, recorded.recorder, interval_seconds=60)


def new_group_name() -> str:
    return f"group-{uuid.uuid4().hex[:8]}"


def send_to_standby(emulator: AwsEmulator, group: str) -> None:
    client = auto_scaling(emulator)
    (described,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    one = described["Instances"][0]["InstanceId"]
    client.enter_standby(AutoScalingGroupName=group, InstanceIds=[one], ShouldDecrementDesiredCapacity=True)


def shift(database: Database, video_id: uuid.UUID, column: str, seconds: float) -> None:
    """Shift a time of the row by ``seconds``, instead of waiting."""
    with database.writing() as connection:
        connection.execute(update(Video).where(Video.id == video_id).values({column: database_time(seconds)}))


def oldest_wait(database: Database) -> float:
    with database.reading() as connection:
        return jobs.oldest_wait_seconds(connection)


def test_waiting_and_running_work_counts_as_backlog(
    database: Database, queue: JobQueue, outbox: Outbox, publisher: BacklogPublisher, recorded: Recorded
) -> None:
    entries = [new_video(database) for _ in range(3)]
    for entry in entries:
        outbox.deliver(entry)
    queue.receive(1)
    claimed(database, entries[0])
    shift(database, entries[1].video_id, "enqueued_at", -90)
    assert publisher.publish()
    assert recorded.values("BacklogPerWorker") == [3]
    assert recorded.values("QueueDepth") == [2]
    assert recorded.values("MessagesInFlight") == [1]
    assert recorded.values("DeadLetterDepth") == [0]
    assert recorded.values("Workers") == [1]
    (age,) = recorded.values("OldestMessageAge")
    assert 90 <= age < 150
    assert {point.unit for point in recorded.datapoints() if point.name == "OldestMessageAge"} == {"Seconds"}


@sqlite_only
def test_an_idle_system_publishes_zero(publisher: BacklogPublisher, recorded: Recorded) -> None:
    assert publisher.publish()
    assert recorded.values("BacklogPerWorker") == [0]
    assert recorded.values("OldestMessageAge") == [0]


def test_only_videos_without_a_worker_have_an_age(database: Database) -> None:
    assert oldest_wait(database) == 0
    running, finished, dropped = (new_video(database) for _ in range(3))
    for seconds, entry in ((-1000, running), (-2000, finished), (-300, dropped)):
        shift(database, entry.video_id, "enqueued_at", seconds)
    claim = claimed(database, finished)
    with database.writing() as connection:
        jobs.finish(connection, claim, "processed/key.mp4")
    claimed(database, running)
    claimed(database, dropped)
    assert oldest_wait(database) == 0
    expire_lease(database, dropped.video_id)
    assert 300 <= oldest_wait(database) < 360, "its worker is dead, so it waits again"


def test_a_video_without_a_sent_message_is_as_old_as_its_upload(database: Database) -> None:
    entry = new_video(database)
    shift(database, entry.video_id, "uploaded_at", -500)
    assert 500 <= oldest_wait(database) < 560


def test_dead_letters_count_even_while_somebody_reads_them(queue: JobQueue, queues: Queues, aws: Aws) -> None:
    dead = JobQueue(aws, queues.dead_letter, queues.dead_letter)
    for _ in range(2):
        aws.sqs().send_message(QueueUrl=queues.dead_letter, MessageBody="dead")
    assert len(dead.receive(1, hidden_seconds=60)) == 1
    assert queue.depth() == QueueDepth(visible=0, in_flight=0, dead=2)


@sqlite_only
@pytest.mark.parametrize(("instances", "backlog"), [(3, 1.5), (1, 3.0)])
def test_the_backlog_is_divided_by_the_instances_in_service_and_never_by_zero(
    database: Database,
    queue: JobQueue,
    outbox: Outbox,
    recorded: Recorded,
    aws: Aws,
    emulator: AwsEmulator,
    instances: int,
    backlog: float,
) -> None:
    group = new_group_name()
    create_group(emulator, group, instances)
    send_to_standby(emulator, group)
    for _ in range(3):
        outbox.deliver(new_video(database))
    BacklogPublisher(database, queue, FleetSize(aws, group), recorded.recorder, interval_seconds=60).publish()
    assert recorded.values("Workers") == [instances - 1]
    assert recorded.values("BacklogPerWorker") == [backlog]


def test_a_group_that_does_not_exist_is_named_with_its_variable(aws: Aws) -> None:
    with pytest.raises(SettingsError, match=r"ANB_AUTO_SCALING_GROUP.*no-such-group"):
        FleetSize(aws, "no-such-group").in_service()


@pytest.mark.parametrize("absent", ["queue", "dead-letter queue", "database", "Auto Scaling", "group"])
@sqlite_only
def test_without_one_of_its_values_a_turn_publishes_nothing_warns_once_and_is_counted(
    database: Database,
    queue: JobQueue,
    queues: Queues,
    aws: Aws,
    recorded: Recorded,
    caplog: pytest.LogCaptureFixture,
    absent: str,
) -> None:
    nowhere = f"{aws.endpoint_url}/123456789012/none"
    parts = {
        "queue": (database, JobQueue(aws, nowhere, queues.dead_letter), LAPTOP),
        "dead-letter queue": (database, JobQueue(aws, queues.jobs, nowhere), LAPTOP),
        "database": (Database("postgresql://postgres@127.0.0.1:1/nothing"), queue, LAPTOP),
        "Auto Scaling": (database, queue, FleetSize(Aws(REGION, AWAY), "group")),
        "group": (database, queue, FleetSize(aws, "no-such-group")),
    }
    publisher = BacklogPublisher(*parts[absent], recorded.recorder, interval_seconds=60)
    assert not publisher.publish()
    assert publisher.failures == 1
    assert [entry.levelname for entry in caplog.records if entry.name == "worker.backlog"] == ["WARNING"]
    assert "BacklogPerWorker" not in {point.name for point in recorded.datapoints()}


class Unforeseen(FleetSize):
    """Raises an error of a kind that no facade should raise, or waits until ``let_go``."""

    def __init__(self, *, hangs: bool = False) -> None:
        super().__init__(Aws(REGION), None)
        self._hangs = hangs
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def in_service(self) -> int:
        self.asked.set()
        if self._hangs:
            self.let_go.wait()
        raise KeyError("Attributes")


@sqlite_only
def test_an_unforeseen_error_publishes_nothing_and_does_not_end_the_thread(
    database: Database, queue: JobQueue, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = BacklogPublisher(database, queue, Unforeseen(), recorded.recorder, interval_seconds=0.01)
    publisher.start()
    wait_until(lambda: publisher.failures >= 3, "failed three times")
    publisher.stop()
    assert "BacklogPerWorker" not in {point.name for point in recorded.datapoints()}
    assert any(entry.exc_info for entry in caplog.records if entry.name == "worker.backlog"), "the error is not hidden"


@sqlite_only
def test_a_turn_that_hangs_does_not_delay_the_end_of_the_process_for_long(
    database: Database, queue: JobQueue, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.backlog.STOP_SECONDS", 0.1)
    fleet = Unforeseen(hangs=True)
    publisher = BacklogPublisher(database, queue, fleet, recorded.recorder, interval_seconds=60)
    publisher.start()
    assert fleet.asked.wait(START_SECONDS)
    publisher.stop()
    assert publisher.failures == 0, "the turn still hangs"
    fleet.let_go.set()
    wait_until(lambda: publisher.failures == 1, "ended")


def published(path: Path) -> list[dict[str, object]]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [record for record in map(json.loads, lines) if record["Record"] == "Queue"]


@sqlite_only
def test_a_record_contains_the_number_of_failed_turns_before_it(
    database: Database, queue: JobQueue, aws: Aws, emulator: AwsEmulator, recorded: Recorded
) -> None:
    group = new_group_name()
    publisher = BacklogPublisher(database, queue, FleetSize(aws, group), recorded.recorder, interval_seconds=60)
    assert not publisher.publish()
    create_group(emulator, group, instances=1)
    assert publisher.publish()
    recorded.datapoints()
    (record,) = published(recorded.path)
    assert record["failures"] == 1


@sqlite_only
def test_the_thread_publishes_at_once_and_again_until_it_is_stopped(
    database: Database, queue: JobQueue, recorded: Recorded
) -> None:
    publisher = BacklogPublisher(database, queue, LAPTOP, recorded.recorder, interval_seconds=0.01)
    publisher.start()
    wait_until(lambda: len(published(recorded.path)) >= 3, "published three times")
    publisher.stop()
    count = len(recorded.values("BacklogPerWorker"))
    assert count >= 3
    assert len(published(recorded.path)) == count


def test_turns_keep_to_their_schedule_and_do_not_catch_up(publisher: BacklogPublisher, recorded: Recorded) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) == 3

    publisher.run(pause)
    assert pauses[0] == 0
    assert 0 < pauses[1] < 60, "the time of a turn shortens the pause after it"
    assert pauses[1] < pauses[2] < 120, "the test did not wait, so the next turn is further away"
    assert recorded.values("Workers") == [1, 1]


@sqlite_only
def test_the_process_publishes_until_sigterm(
    emulator: AwsEmulator, queues: Queues, database_url: str, bucket: str, tmp_path: Path
) -> None:
    environment = worker_variables(emulator, queues, database_url=database_url, bucket=bucket, directory=tmp_path)
    process = ManagedProcess("worker.backlog", [], environment, tmp_path / "backlog.log")
    try:
        process.wait_until(lambda: bool(published(tmp_path / "emf.log")), "publishing", START_SECONDS)
    finally:
        code = process.stop()
    assert code == 0, (tmp_path / "backlog.log").read_text()
    (record,) = published(tmp_path / "emf.log")
    assert record["Service"] == "worker"


@sqlite_only
def test_the_process_refuses_to_start_on_a_wrong_setting_and_names_it(
    emulator: AwsEmulator, queues: Queues, database_url: str, bucket: str, tmp_path: Path
) -> None:
    environment = worker_variables(emulator, queues, database_url=database_url, bucket=bucket, directory=tmp_path)
    log = tmp_path / "backlog.log"
    process = ManagedProcess("worker.backlog", [], environment | {"ANB_BACKLOG_INTERVAL_SECONDS": "0"}, log)
    assert process.wait(START_SECONDS) == 2
    assert "ANB_BACKLOG_INTERVAL_SECONDS" in log.read_text()
