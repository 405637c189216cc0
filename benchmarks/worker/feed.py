"""Feeds one worker with messages while its queue stays short, and measures what they cost it."""

import time
from collections import Counter
from dataclasses import dataclass

from benchmarks.worker.contestants import Contestant, Lane
from benchmarks.worker.stage import Stage

# The emulator's calls take time in proportion to the depth of the queue; kept short, the emulator is not what we see.
DEPTH_MAX = 50
BATCH = 10
WARM_UP_MESSAGES = 20  # first calls load models, build caches and open connections
PREPARED_MAX = 100  # rows in one transaction
LOOK_SECONDS = 0.05
DRAIN_SECONDS_MAX = 300.0


@dataclass(frozen=True, slots=True)
class MessageBlock:
    """What so many messages cost one worker. Calls are those that reached the emulator, less the benchmark's own."""

    messages: int
    cpu_seconds: float
    wall_seconds: float
    sqs_calls: int
    s3_calls: int

    @property
    def cpu_ms(self) -> float:
        return self.cpu_seconds / self.messages * 1000


def measure_block(stage: Stage, contestant: Contestant, name: str, messages: int) -> MessageBlock:
    """Start the worker, warm it up, measure it, stop it."""
    with contestant.open(stage, name) as lane:
        _prepare(lane, WARM_UP_MESSAGES + messages)
        feed(lane, WARM_UP_MESSAGES)
        requests, cpu, started = stage.requests(), lane.process.cpu(), time.monotonic()
        looks = feed(lane, messages)
        wall_seconds, cpu_seconds = time.monotonic() - started, lane.process.cpu().tree - cpu.tree
        answered = stage.requests() - requests
    own = looks + messages if contestant.on_sqs else 0
    return MessageBlock(messages, cpu_seconds, wall_seconds, _sqs(answered) - own, answered.total() - _sqs(answered))


def _sqs(requests: Counter[str]) -> int:
    return requests["POST"]  # and nothing else is: files of a few bytes are PUT


def _prepare(lane: Lane, count: int) -> None:
    for start in range(0, count, PREPARED_MAX):
        lane.prepare(min(PREPARED_MAX, count - start))


def feed(lane: Lane, count: int) -> int:
    """Send so many, wait until all are done; return how often the queue was looked at."""
    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    sent = looks = empty = 0
    while empty < 2:  # twice: between two places of the queue, a message is in neither for a moment
        depth = lane.depth()
        looks += 1
        batch = min(BATCH, count - sent, DEPTH_MAX - depth)
        if batch > 0:
            lane.send(batch)
            sent += batch
            continue
        empty = empty + 1 if depth == 0 else 0
        lane.process.check()
        assert time.monotonic() < deadline, f"{depth} messages are still there"
        time.sleep(LOOK_SECONDS)
    return looks
