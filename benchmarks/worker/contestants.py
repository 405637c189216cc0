"""The workers that are compared: each is started as its users start it. ``does`` lists its work for a message."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from benchmarks.measured_process import MeasuredProcess, PeerSender
from benchmarks.worker.noop_worker import ORIGINAL
from benchmarks.worker.shared_servers import BenchVideos, SharedServers
from benchmarks.worker.short_queue import ShortQueue
from local.system.aws_emulator import CREDENTIALS, REGION
from showcase.jobs.outbox import Entry

REFERENCE = "Celery, SQS, solo"
OURS = "ours, queue and database"


@dataclass(frozen=True, slots=True)
class ReadyWorker:
    """A worker that receives messages, and its queue.

    ``send`` sends a number of messages; ``prepare`` makes as many before they are sent. ``depth`` counts messages that
    wait or are in work.
    """

    process: MeasuredProcess
    send: Callable[[int], None]
    depth: Callable[[], int]
    prepare: Callable[[int], None] = lambda _count: None


@dataclass(frozen=True, slots=True)
class Contestant:
    """One worker. ``does``: its steps for each message, in their order. ``open`` starts it under a new, unique name."""

    name: str
    does: str
    open: Callable[[SharedServers, str], AbstractContextManager[ReadyWorker]]
    on_sqs: bool = True


def contestants() -> list[Contestant]:
    """All contestants, in the order of the table."""
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
def _boto3_loop(shared: SharedServers, name: str) -> Iterator[ReadyWorker]:
    queue = shared.create_queue(name)
    environment = _peer_environment(shared, PEER_QUEUE_URL=queue.urls.jobs)
    with MeasuredProcess(_peer_command(shared, "boto3_consumer"), environment, shared.log(name)) as process:
        process.wait_until_logged("ready")
        yield _worker_on_videos(shared, process, queue)


def _celery_sqs(pool: str) -> Callable[[SharedServers, str], AbstractContextManager[ReadyWorker]]:
    @contextmanager
    def start(shared: SharedServers, name: str) -> Iterator[ReadyWorker]:
        queue = shared.create_queue(name)
        with _celery(shared, name, shared.sqs_broker, pool) as (process, sender):
            yield ReadyWorker(process, sender.send, queue.depth)

    return start


@contextmanager
def _celery_prefetch_1(shared: SharedServers, name: str) -> Iterator[ReadyWorker]:
    """Celery as its documentation advises for long tasks. It pauses between polls, here 0.05 s instead of 1 s."""
    queue, options = shared.create_queue(name), ["--prefetch-multiplier", "1"]
    with _celery(shared, name, shared.sqs_broker, "solo", options, polling_seconds=0.05) as (process, sender):
        yield ReadyWorker(process, sender.send, queue.depth)


@contextmanager
def _celery_redis(shared: SharedServers, name: str) -> Iterator[ReadyWorker]:
    with _celery(shared, name, shared.redis.url, "solo") as (process, sender):
        yield ReadyWorker(process, sender.send, lambda: shared.redis.depth(name))


@contextmanager
def _celery(
    shared: SharedServers,
    name: str,
    broker: str,
    pool: str,
    options: Sequence[str] = (),
    *,
    polling_seconds: float = 1.0,
) -> Iterator[tuple[MeasuredProcess, PeerSender]]:
    program = [str(shared.peers / "celery"), "-A", "benchmarks.worker.peers.celery_app", "worker"]
    command = [*program, "--pool", pool, "--concurrency", "1", "--loglevel", "INFO", *options]
    environment = _peer_environment(
        shared, PEER_BROKER=broker, PEER_QUEUE=name, PEER_POLLING_SECONDS=str(polling_seconds)
    )
    with (
        MeasuredProcess(command, environment, shared.log(name)) as process,
        PeerSender(_peer_command(shared, "celery_app"), environment) as sender,
    ):
        process.wait_until_logged(" ready.")
        yield process, sender


@contextmanager
def _dramatiq(shared: SharedServers, name: str) -> Iterator[ReadyWorker]:
    queue = shared.create_queue(name)
    program = [str(shared.peers / "dramatiq"), "benchmarks.worker.peers.dramatiq_app"]
    command = [*program, "--processes", "1", "--threads", "1"]
    environment = _peer_environment(shared, PEER_QUEUE=name)
    with (
        MeasuredProcess(command, environment, shared.log(name)) as process,
        PeerSender(_peer_command(shared, "dramatiq_app"), environment) as sender,
    ):
        process.wait_until_logged("Worker process is ready")
        yield ReadyWorker(process, sender.send, queue.depth)


def _peer_command(shared: SharedServers, peer: str) -> list[str]:
    return [str(shared.peers / "python"), "-m", f"benchmarks.worker.peers.{peer}"]


def _peer_environment(shared: SharedServers, **variables: str) -> dict[str, str]:
    return {**CREDENTIALS, "PEER_ENDPOINT_URL": shared.emulator.url, "PEER_REGION": REGION, **variables}


def _ours(storage: str) -> Callable[[SharedServers, str], AbstractContextManager[ReadyWorker]]:
    @contextmanager
    def start(shared: SharedServers, name: str) -> Iterator[ReadyWorker]:
        queue = shared.create_queue(name)
        with _our_worker(shared, name, shared.worker_environment(queue, name), storage) as process:
            yield _worker_on_videos(shared, process, queue)

    return start


def _worker_on_videos(shared: SharedServers, process: MeasuredProcess, queue: ShortQueue) -> ReadyWorker:
    """A ready worker whose messages are each about a new video."""
    videos, waiting = BenchVideos(shared, ORIGINAL), list[Entry]()

    def send(count: int) -> None:
        queue.send(waiting.pop() for _ in range(count))

    return ReadyWorker(process, send, queue.depth, prepare=lambda count: waiting.extend(videos.add(count)))


@contextmanager
def _ours_duplicates(shared: SharedServers, name: str) -> Iterator[ReadyWorker]:
    """Every message is about the same video, which the first message processes."""
    queue, (video,) = shared.create_queue(name), BenchVideos(shared, ORIGINAL).add(1)
    with _our_worker(shared, name, shared.worker_environment(queue, name), "none") as process:
        yield ReadyWorker(process, lambda count: queue.send([video] * count), queue.depth)


@contextmanager
def _our_worker(
    shared: SharedServers, name: str, environment: dict[str, str], storage: str
) -> Iterator[MeasuredProcess]:
    command = [sys.executable, "-m", "benchmarks.worker.noop_worker", storage]
    one_slot = {**environment, "ANB_WORKER_SLOTS": "1"}  # the peers have one slot too
    with MeasuredProcess(command, one_slot, shared.log(name)) as process:
        process.wait_until_logged("ready: ")
        yield process
