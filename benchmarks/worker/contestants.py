"""The contestants: how each is started, as its users start it, and what it does for a message."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from benchmarks.measured_process import MeasuredProcess, PeerSender
from benchmarks.worker.noop_worker import ORIGINAL
from benchmarks.worker.short_queue import ShortQueue
from benchmarks.worker.stage import Stage, Videos
from local.system.aws_emulator import CREDENTIALS, REGION
from showcase.jobs.outbox import Entry

REFERENCE = "Celery, SQS, solo"
OURS = "ours, queue and database"


@dataclass(frozen=True, slots=True)
class Lane:
    """A worker that is ready, and its queue. ``depth`` counts what waits and what is in work."""

    process: MeasuredProcess
    send: Callable[[int], None]
    depth: Callable[[], int]
    prepare: Callable[[int], None] = lambda _count: None


@dataclass(frozen=True, slots=True)
class Contestant:
    """``does`` is what happens for each message, in this order. ``open`` is given a name that nobody else has."""

    name: str
    does: str
    open: Callable[[Stage, str], AbstractContextManager[Lane]]
    on_sqs: bool = True


def contestants() -> list[Contestant]:
    """In the order of the table."""
    several, single = "receive (several), task, delete", "receive (1), task, delete"
    return [
        Contestant("boto3 loop", "receive (10), function, delete", _boto3_loop),
        Contestant(REFERENCE, several, _celery_sqs("solo")),
        Contestant("Celery, SQS, solo, prefetch 1", single, _celery_prefetch_1),
        Contestant("Celery, SQS, threads", several, _celery_sqs("threads")),
        Contestant("dramatiq_sqs", "receive (several), actor, delete", _dramatiq),
        Contestant("Celery, Redis, solo", "pop, task, acknowledge", _celery_redis, on_sqs=False),
        Contestant(OURS, "receive, claim (UPDATE), commit (UPDATE), delete, record", _ours("none")),
        Contestant(
            "ours, whole job, no media", "receive, claim, folder, GET, PUT, commit, delete, record", _ours("s3")
        ),
        Contestant("ours, a duplicate", "receive, no claim (UPDATE, SELECT), delete, record", _ours_duplicates),
    ]


@contextmanager
def _boto3_loop(stage: Stage, name: str) -> Iterator[Lane]:
    queue = stage.create_queue(name)
    environment = _peer_environment(stage, PEER_QUEUE_URL=queue.urls.jobs)
    with MeasuredProcess(_peer_command(stage, "boto3_consumer"), environment, stage.log(name)) as process:
        process.wait_until_it_says("ready")
        yield _lane_of_videos(stage, process, queue)


def _celery_sqs(pool: str) -> Callable[[Stage, str], AbstractContextManager[Lane]]:
    @contextmanager
    def open_lane(stage: Stage, name: str) -> Iterator[Lane]:
        queue = stage.create_queue(name)
        with _celery(stage, name, stage.sqs_broker, pool) as (process, sender):
            yield Lane(process, sender.send, queue.depth)

    return open_lane


@contextmanager
def _celery_prefetch_1(stage: Stage, name: str) -> Iterator[Lane]:
    """As Celery's documentation advises for long tasks; it then pauses between polls, here for less than 1 s."""
    queue, options = stage.create_queue(name), ["--prefetch-multiplier", "1"]
    with _celery(stage, name, stage.sqs_broker, "solo", options, polling_seconds=0.05) as (process, sender):
        yield Lane(process, sender.send, queue.depth)


@contextmanager
def _celery_redis(stage: Stage, name: str) -> Iterator[Lane]:
    with _celery(stage, name, stage.redis.url, "solo") as (process, sender):
        yield Lane(process, sender.send, lambda: stage.redis.depth(name))


@contextmanager
def _celery(
    stage: Stage, name: str, broker: str, pool: str, options: Sequence[str] = (), *, polling_seconds: float = 1.0
) -> Iterator[tuple[MeasuredProcess, PeerSender]]:
    program = [str(stage.peers / "celery"), "-A", "benchmarks.worker.peers.celery_app", "worker"]
    command = [*program, "--pool", pool, "--concurrency", "1", "--loglevel", "INFO", *options]
    environment = _peer_environment(
        stage, PEER_BROKER=broker, PEER_QUEUE=name, PEER_POLLING_SECONDS=str(polling_seconds)
    )
    with (
        MeasuredProcess(command, environment, stage.log(name)) as process,
        PeerSender(_peer_command(stage, "celery_app"), environment) as sender,
    ):
        process.wait_until_it_says(" ready.")
        yield process, sender


@contextmanager
def _dramatiq(stage: Stage, name: str) -> Iterator[Lane]:
    queue = stage.create_queue(name)
    command = [
        str(stage.peers / "dramatiq"),
        "benchmarks.worker.peers.dramatiq_app",
        "--processes",
        "1",
        "--threads",
        "1",
    ]
    environment = _peer_environment(stage, PEER_QUEUE=name)
    with (
        MeasuredProcess(command, environment, stage.log(name)) as process,
        PeerSender(_peer_command(stage, "dramatiq_app"), environment) as sender,
    ):
        process.wait_until_it_says("Worker process is ready")
        yield Lane(process, sender.send, queue.depth)


def _peer_command(stage: Stage, peer: str) -> list[str]:
    return [str(stage.peers / "python"), "-m", f"benchmarks.worker.peers.{peer}"]


def _peer_environment(stage: Stage, **variables: str) -> dict[str, str]:
    return {**CREDENTIALS, "PEER_ENDPOINT_URL": stage.emulator.url, "PEER_REGION": REGION, **variables}


def _ours(storage: str) -> Callable[[Stage, str], AbstractContextManager[Lane]]:
    @contextmanager
    def open_lane(stage: Stage, name: str) -> Iterator[Lane]:
        queue = stage.create_queue(name)
        with _our_worker(stage, name, stage.worker_environment(queue, name), storage) as process:
            yield _lane_of_videos(stage, process, queue)

    return open_lane


def _lane_of_videos(stage: Stage, process: MeasuredProcess, queue: ShortQueue) -> Lane:
    """A message about another video each time."""
    videos, waiting = Videos(stage, ORIGINAL), list[Entry]()

    def send(count: int) -> None:
        queue.send(waiting.pop() for _ in range(count))

    return Lane(process, send, queue.depth, prepare=lambda count: waiting.extend(videos.add(count)))


@contextmanager
def _ours_duplicates(stage: Stage, name: str) -> Iterator[Lane]:
    """Every message is about the same video, and the first processes it."""
    queue, (video,) = stage.create_queue(name), Videos(stage, ORIGINAL).add(1)
    with _our_worker(stage, name, stage.worker_environment(queue, name), "none") as process:
        yield Lane(process, lambda count: queue.send([video] * count), queue.depth)


@contextmanager
def _our_worker(stage: Stage, name: str, environment: dict[str, str], storage: str) -> Iterator[MeasuredProcess]:
    command = [sys.executable, "-m", "benchmarks.worker.noop_worker", storage]
    one_slot = {**environment, "ANB_WORKER_SLOTS": "1"}  # as the peers have
    with MeasuredProcess(command, one_slot, stage.log(name)) as process:
        process.wait_until_it_says("ready: ")
        yield process
