"""For some seconds, all answers of AWS and the metadata service are false, while real workers work."""

import io
from collections.abc import Iterator

import pytest

from local.system.aws_emulator import REGION, AwsEmulator
from local.system.ec2_stub import Imds
from local.system.processes import ManagedProcess
from showcase.aws import Aws
from showcase.errors import Unavailable
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.storage.media_store import MediaStore
from tests.faults.lies import LIES
from tests.faults.playback import LyingAws
from tests.faults.system_under_faults import SystemUnderFaults
from tests.faults.test_scenarios import TIDY, finish
from tests.records import shift_due
from tests.worker.ec2.groups import create_group
from tests.worker.ec2.watching import GROUP, HOOK

LIES_OF_EACH_KIND = 8
NOT_PUBLISHED = "backlog not published"


@pytest.fixture
def lying_aws(emulator: AwsEmulator) -> Iterator[LyingAws]:
    with Imds() as imds, LyingAws(emulator.url, imds) as lying_aws:
        yield lying_aws.start()


@pytest.fixture
def group(emulator: AwsEmulator) -> str:
    create_group(emulator, GROUP, instances=1)
    return GROUP


def start_workers(system: SystemUnderFaults, lying_aws: LyingAws, group: str) -> list[ManagedProcess]:
    """A worker that polls all the time, and one on an instance that protects itself from scale-in."""
    often = {"ANB_BACKLOG_INTERVAL_SECONDS": "0.2", **system.through(lying_aws.url), **TIDY}
    instance = {
        "ANB_METADATA_URL": lying_aws.url,
        "ANB_METADATA_SECONDS": "0.1",
        "ANB_AUTO_SCALING_GROUP": group,
        "ANB_LIFECYCLE_HOOK": HOOK,
        "ANB_SCALE_IN_PROTECTION": "true",
    }
    return [system.start_worker("plain", **often), system.start_worker("member", **often, **instance)]


def published(system: SystemUnderFaults) -> int:
    return sum(1 for point in system.datapoints() if point.name == "BacklogPerWorker")


@pytest.mark.long("each kind of false answer comes eight times, and then everything is settled")
def test_false_answers_lose_no_video_confirm_no_message_and_end_no_process(
    system: SystemUnderFaults, lying_aws: LyingAws, group: str
) -> None:
    workers = start_workers(system, lying_aws, group)
    urls = system.through(lying_aws.url)
    queue = JobQueue(Aws(REGION, lying_aws.url), urls["sqs_queue_url"], urls["sqs_dead_letter_queue_url"])
    outbox = Outbox(system.database, queue, system.bucket)
    media = MediaStore(Aws(REGION, lying_aws.url), system.bucket)
    entries = [system.accepted_video() for _ in range(3)]
    system.wait_until(lambda: any(system.state(entry).status == "processing" for entry in entries), "in work")

    lying_aws.lying.set()
    entries += [system.accepted_video(send=False) for _ in range(3)]
    assert not any(outbox.send(entry) for entry in entries[3:]), "a false answer confirmed a send"
    with pytest.raises(Unavailable):
        media.put_stream("uploads/lie.mp4", io.BytesIO(b"clip"))
    for worker in workers:
        system.wait_until(lambda w=worker: w.logged(NOT_PUBLISHED), "the backlog is unknown")  # type: ignore[misc]
    before = published(system)
    told = lying_aws.told.copy()
    system.wait_until(
        lambda: all(lying_aws.told[name] >= told[name] + LIES_OF_EACH_KIND for name in LIES),
        "false answers of each kind",
    )
    assert published(system) == before, "a backlog was computed from false answers"
    assert [worker.exit_code for worker in workers] == [None, None]
    assert not system.counted("MessagesDeadLettered")
    lying_aws.lying.clear()

    for entry in entries:
        if not system.is_settled(entry):
            shift_due(system.database, entry.video_id, -1)
    finish(system, *entries, seconds=90)
    assert [worker.exit_code for worker in workers] == [0, 0]
    assert not any(worker.logged("must leave") or worker.logged("died") for worker in workers)
    assert system.counted("VideosProcessed") == len(entries)
