"""Faults of the requests to AWS: rules of the HTTP proxy between the product and the emulator, and false answers."""

import random
import time
from collections.abc import Iterable

from tests.faults.playback import LyingAws
from tests.faults.proxy import FaultProxy, Rule
from tests.soak.fault_injector import Excuse, Fault
from tests.soak.players import UploadControl

HIT_SECONDS_MAX = 12.0  # how long a rule waits for the first request that it hits
POLL_SECONDS = 0.1
BRIEF_SECONDS = (1.5, 4.0)
AWAY_SECONDS = (3.0, 6.0)
LONG_SECONDS = (7.0, 9.0)  # past the visibility timeout

LOST: Rule = {"response": {"abort_bytes": 0}}  # carried out, but the answer never arrives
REFUSED: Rule = {"error": {"code": "InternalError", "status": 500}}
THROTTLED: Rule = {"error": {"code": "SlowDown", "status": 503}}
# Without this header boto3 cannot detect the damage; the product's own checksum must.
WITHOUT_CHECKSUM = {"strip_headers": ["x-amz-checksum-crc32"]}
CUT: Rule = {"response": {"truncate_frac": 0.5, **WITHOUT_CHECKSUM}}
CORRUPTED: Rule = {"response": {"corrupt_bytes": 4, **WITHOUT_CHECKSUM}}
GONE: Rule = {"probability": 1.0, "reset": True}


def strike(
    proxy: FaultProxy, rules: Iterable[Rule], choose: random.Random, lasts: tuple[float, float] = BRIEF_SECONDS
) -> int:
    """Apply the rules for ``lasts`` seconds (a range), or until they hit. Return how many requests they hit."""
    before, began, seconds = proxy.fired(), time.monotonic(), choose.uniform(*lasts)
    proxy.set_rules(*rules)
    try:
        while (passed := time.monotonic() - began) < HIT_SECONDS_MAX:
            if passed >= seconds and proxy.fired() > before:
                break
            time.sleep(POLL_SECONDS)
        return proxy.fired() - before
    finally:
        proxy.set_rules()


class FaultsOfAws:
    """Errors, lost and false answers, and damaged contents of SQS and S3."""

    def __init__(self, proxy: FaultProxy, lying_aws: LyingAws, control: UploadControl) -> None:
        self._proxy = proxy
        self._lying_aws = lying_aws
        self._control = control

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
            self._fault("downloads cut short", _s3("GetObject", 4, CUT), excuses=Excuse.REFUSED),
            self._fault("downloads corrupted", _s3("GetObject", 4, CORRUPTED), "JobErrors", excuses=Excuse.REFUSED),
            self._fault("answers of puts lost", _s3("PutObject", 4, LOST)),
            Fault("answers of multipart ends lost", self._lose_ends_of_multipart_uploads),
            Fault("answers are false", self._send_false_answers),
            self._fault("everything slow", {"service": "*", "latency": {"min": 50, "max": 700}}),
            self._fault("storage away", {"service": "s3", **GONE}, lasts=AWAY_SECONDS),
            self._fault("queue away", {"service": "sqs", **GONE}, lasts=AWAY_SECONDS),
        )

    def _fault(
        self,
        name: str,
        rule: Rule,
        evidence: str = "",
        lasts: tuple[float, float] = BRIEF_SECONDS,
        excuses: Excuse | None = None,
    ) -> Fault:
        def strikes(choose: random.Random) -> int:
            return strike(self._proxy, [rule], choose, lasts)

        return Fault(name, strikes, evidence=evidence, excuses=excuses)

    def _send_false_answers(self, choose: random.Random) -> int:
        """All answers are false. Half of the requests are carried out nevertheless. Hits are the false answers."""
        before = self._lying_aws.told.total()
        self._lying_aws.lying.set()
        time.sleep(choose.uniform(*AWAY_SECONDS))
        self._lying_aws.lying.clear()
        return self._lying_aws.told.total() - before

    def _refuse_visibility(self, choose: random.Random) -> int:
        operations = ("ChangeMessageVisibility", "ChangeMessageVisibilityBatch")
        return strike(self._proxy, [_sqs(operation, None, REFUSED) for operation in operations], choose, LONG_SECONDS)

    def _lose_ends_of_multipart_uploads(self, choose: random.Random) -> int:
        # Matched by its body, because the proxy gives both ends of a multipart upload the same operation name.
        rule: Rule = {"service": "s3", "body": "CompleteMultipartUpload", **LOST}
        self._control.large_clips_only.set()
        try:
            return strike(self._proxy, [rule], choose)
        finally:
            self._control.large_clips_only.clear()


def _sqs(operation: str, times: int | None, fault: Rule) -> Rule:
    return {"service": "sqs", "operation": operation, **({"times": times} if times else {}), **fault}


def _s3(operation: str, times: int | None, fault: Rule) -> Rule:
    return {**_sqs(operation, times, fault), "service": "s3"}
