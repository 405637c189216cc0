"""Runs an instance watch against a stub of the metadata service."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from worker.ec2.instance import InstanceMetadata, InstanceWatch

OFTEN_SECONDS = 0.01
SPOT = "spot/instance-action"
GROUP = "anb-workers"
HOOK = "drain"


class Leaving:
    """Records the calls of ``on_leaving``."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.happened = threading.Event()

    def __call__(self, reason: str) -> None:
        self.reasons.append(reason)
        self.happened.set()


@contextmanager
def watching(url: str, leaving: Leaving) -> Iterator[InstanceWatch]:
    """An instance watch that reads the metadata at ``url`` every few milliseconds."""
    watch = InstanceWatch(InstanceMetadata(url), interval_seconds=OFTEN_SECONDS, on_leaving=leaving)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
