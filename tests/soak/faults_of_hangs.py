"""Faults that hang: something takes bytes and never answers, for longer than a call may take."""

import random
import time
from collections.abc import Iterable

from tests.faults.freezing_relay import FreezingRelay
from tests.faults.proxy import Rule
from tests.soak.fault_injector import Excuse, Fault
from tests.soak.faults_of_aws import strike
from tests.soak.short_times import SHORT_DEADLINES
from tests.soak.system import PUBLISHING_HANGS, SoakSystem

CALL_SECONDS = SHORT_DEADLINES["database transaction"].seconds
HANG_SECONDS = (CALL_SECONDS + 1.0, CALL_SECONDS + 4.0)
NEVER_MS = 60_000  # by then every client has ended its call; the request is not carried out


class FaultsOfHangs:
    """Hangs of the database, the queue and the storage, and of the one call that publishes a result."""

    def __init__(self, system: SoakSystem) -> None:
        self._system = system

    def all(self) -> Iterable[Fault]:
        return (
            Fault(
                "database hangs", lambda choose: freeze(self._system.database_relay, choose), excuses=Excuse.UNRECORDED
            ),
            Fault("queue and storage hang", lambda choose: freeze(self._system.aws_relay, choose)),
            Fault("queue hangs", lambda choose: self._hang("sqs", choose)),
            Fault("storage hangs", lambda choose: self._hang("s3", choose)),
            Fault("publishing writes hang", self._hang_publishing),
        )

    def _hang(self, service: str, choose: random.Random) -> int:
        rule: Rule = {"service": service, "timeout_ms": NEVER_MS}
        return strike(self._system.aws_proxy, [rule], choose, HANG_SECONDS)

    def _hang_publishing(self, choose: random.Random) -> int:
        """Only the publishing writes hang. The heartbeat of the job has another connection, and goes on."""
        rule: Rule = {**PUBLISHING_HANGS, "times": choose.randint(1, 3)}
        return strike(self._system.postgres_proxy, [rule], choose, HANG_SECONDS)


def freeze(relay: FreezingRelay, choose: random.Random) -> int:
    """Freeze all connections through the relay. Return how many pieces of requests and answers were swallowed."""
    before = relay.swallowed
    relay.frozen.set()
    time.sleep(choose.uniform(*HANG_SECONDS))
    relay.frozen.clear()
    return relay.swallowed - before
