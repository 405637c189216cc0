"""Blocks of messages: send them to one worker while its queue stays short, and measure the CPU time that they take."""

import time
from dataclasses import dataclass

from benchmarks.worker.contestants import Contestant, ReadyWorker
from benchmarks.worker.shared_servers import SharedServers

# A call of the emulator takes time in proportion to the depth of the queue; a short queue keeps that out of the result.
DEPTH_MAX = 50
BATCH = 10
WARM_UP_MESSAGES = 20  # the first calls load service models, fill caches and open connections
PREPARED_MAX = 100  # rows in one transaction
LOOK_SECONDS = 0.05
DRAIN_SECONDS_MAX = 300.0


@dataclass(frozen=True, slots=True)
class MessageBlock:
    """The cost of ``messages`` for one worker. Calls are those that the emulator answered, less the benchmark's own."""

    messages: int
    cpu_seconds: float
    wall_seconds: float
    sqs_calls: int
    s3_calls: int

    @property
    def cpu_ms(self) -> float:
        """CPU time of one message."""
        return self.cpu_seconds / self.messages * 1000


def measure_block(shared: SharedServers, contestant: Contestant, name: str, messages: int) -> MessageBlock:
    """Start the worker, warm it up, measure it, stop it."""
    with contestant.open(shared, name) as worker:
        total = WARM_UP_MESSAGES + messages
        for start in range(0, total, PREPARED_MAX):
            worker.prepare(min(PREPARED_MAX, total - start))
        feed(worker, WARM_UP_MESSAGES)
        requests, cpu, started = shared.requests(), worker.process.cpu(), time.monotonic()
        looks = feed(worker, messages)
        wall_seconds, cpu_seconds = time.monotonic() - started, worker.process.cpu().tree - cpu.tree
        answered = shared.requests() - requests
    sqs_calls = answered["POST"]  # only SQS: S3 stores files of a few bytes by PUT
    own = looks + messages if contestant.on_sqs else 0
    return MessageBlock(messages, cpu_seconds, wall_seconds, sqs_calls - own, answered.total() - sqs_calls)


def feed(worker: ReadyWorker, count: int) -> int:
    """Send that many messages and wait until the queue is empty; return how often its depth was read."""
    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    sent = looks = empty = 0
    while empty < 2:  # twice, because a message that changes between waiting and in work is counted as neither
        depth = worker.depth()
        looks += 1
        batch = min(BATCH, count - sent, DEPTH_MAX - depth)
        if batch > 0:
            worker.send(batch)
            sent += batch
            continue
        empty = empty + 1 if depth == 0 else 0
        worker.process.check_alive()
        assert time.monotonic() < deadline, f"{depth} messages are still in the queue"
        time.sleep(LOOK_SECONDS)
    return looks
