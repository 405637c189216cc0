"""Faults between the product and the emulator, as rules of the HTTP proxy."""

import random
import time
from collections.abc import Iterable

from tests.faults.proxy import FaultProxy, Rule
from tests.soak.fault_injector import Fault
from tests.soak.players import Wishes

HIT_SECONDS = 12.0  # how long a rule waits for the first request that it hits
LOOK_SECONDS = 0.1
BRIEF = (1.5, 4.0)
AWAY = (3.0, 6.0)
LONG = (7.0, 9.0)  # past the visibility timeout

LOST: Rule = {"response": {"abort_bytes": 0}}  # carried out, and the answer never arrives
REFUSED: Rule = {"error": {"code": "InternalError", "status": 500}}
THROTTLED: Rule = {"error": {"code": "SlowDown", "status": 503}}
# Not seen by boto3, as where an object has no checksum: ours must find it.
UNSEEN = {"strip_headers": ["x-amz-checksum-crc32"]}
CUT: Rule = {"response": {"truncate_frac": 0.5, **UNSEEN}}
CORRUPTED: Rule = {"response": {"corrupt_bytes": 4, **UNSEEN}}
GONE: Rule = {"probability": 1.0, "reset": True}


def strike(proxy: FaultProxy, rules: Iterable[Rule], choose: random.Random, lasts: tuple[float, float] = BRIEF) -> int:
    """Let the rules hold for a while, longer if they have hit nothing yet; return how often they hit."""
    before, began, seconds = proxy.fired_in_all(), time.monotonic(), choose.uniform(*lasts)
    proxy.rules(*rules)
    try:
        while (passed := time.monotonic() - began) < HIT_SECONDS:
            if passed >= seconds and proxy.fired_in_all() > before:
                break
            time.sleep(LOOK_SECONDS)
        return proxy.fired_in_all() - before
    finally:
        proxy.rules()


class FaultsOfAws:
    """What AWS may do to whoever calls it."""

    def __init__(self, proxy: FaultProxy, wishes: Wishes) -> None:
        self._proxy = proxy
        self._wishes = wishes

    def all(self) -> Iterable[Fault]:
        return (
            self._fault("answers of sends lost", _sqs("SendMessage", 4, LOST)),
            self._fault("sends refused", _sqs("SendMessage", None, REFUSED)),
            self._fault("receives refused", _sqs("ReceiveMessage", 4, REFUSED)),
            self._fault("answers of receives lost", _sqs("ReceiveMessage", 3, LOST)),
            Fault("messages not kept hidden", self._refuse_visibility, evidence="HeartbeatFailures"),
            self._fault("deletes refused", _sqs("DeleteMessage", 6, REFUSED), evidence="DuplicatesSuppressed"),
            self._fault("answers of deletes lost", _sqs("DeleteMessage", 4, LOST)),
            self._fault("downloads throttled", _s3("GetObject", None, THROTTLED)),
            self._fault("downloads cut short", _s3("GetObject", 4, CUT)),
            self._fault("downloads corrupted", _s3("GetObject", 4, CORRUPTED), evidence="JobErrors"),
            self._fault("answers of puts lost", _s3("PutObject", 4, LOST)),
            Fault("answers of multipart ends lost", self._lose_ends_of_multipart_uploads),
            self._fault("everything slow", {"service": "*", "latency": {"min": 50, "max": 700}}),
            self._fault("storage away", {"service": "s3", **GONE}, lasts=AWAY),
            self._fault("queue away", {"service": "sqs", **GONE}, lasts=AWAY),
        )

    def _fault(self, name: str, rule: Rule, evidence: str = "", lasts: tuple[float, float] = BRIEF) -> Fault:
        return Fault(name, lambda choose: strike(self._proxy, [rule], choose, lasts), evidence=evidence)

    def _refuse_visibility(self, choose: random.Random) -> int:
        operations = ("ChangeMessageVisibility", "ChangeMessageVisibilityBatch")
        return strike(self._proxy, [_sqs(operation, None, REFUSED) for operation in operations], choose, LONG)

    def _lose_ends_of_multipart_uploads(self, choose: random.Random) -> int:
        # By its body: the proxy takes both ends of a multipart upload for the same operation.
        rule: Rule = {"service": "s3", "body": "CompleteMultipartUpload", **LOST}
        self._wishes.large.set()
        try:
            return strike(self._proxy, [rule], choose)
        finally:
            self._wishes.large.clear()


def _sqs(operation: str, times: int | None, fault: Rule) -> Rule:
    return {"service": "sqs", "operation": operation, **({"times": times} if times else {}), **fault}


def _s3(operation: str, times: int | None, fault: Rule) -> Rule:
    return {**_sqs(operation, times, fault), "service": "s3"}
