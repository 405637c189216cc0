"""This instance as a member of its Auto Scaling group: the only user of that API in the worker.

Group settings and why: a termination hook with a heartbeat timeout of 120–300 s and DefaultResult CONTINUE,
so that an instance whose worker died leaves soon. Nothing depends on it for correctness: AWS does not promise
that a hook runs, and a job that is cut off comes back with its lease. So a call that fails is said and
counted, and never stops the work.

IAM, on the one group: ``autoscaling:RecordLifecycleActionHeartbeat``, ``autoscaling:CompleteLifecycleAction``,
``autoscaling:SetInstanceProtection``.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from showcase.aws import Aws, translated
from showcase.errors import Unavailable
from worker.ec2.instance import InstanceMetadata

HEARTBEAT_SECONDS = 30.0  # four fit into the shortest heartbeat timeout that we set
IDLE_POLLS = 3  # in a row, before the protection is given up
READ_SECONDS = 5
ATTEMPTS = 3

log = logging.getLogger(__name__)


class GroupMember:
    """The three calls. Each returns whether it succeeded, and raises nothing; a row of failures is said once.

    The id of the instance is asked for at the first call, so that its absence delays no start. ``failures``
    counts the calls without success.
    """

    def __init__(self, aws: Aws, metadata: InstanceMetadata, group: str) -> None:
        self.failures = 0
        self._metadata = metadata
        self._group = group
        self._client = aws.autoscaling(read_seconds=READ_SECONDS, attempts=ATTEMPTS)
        self._instance_id = ""
        self._failing: set[str] = set()
        self._lock = threading.Lock()  # of ``failures`` and ``_failing``: poller and drain may both call

    def record_heartbeat(self, hook: str) -> bool:
        """Restart the heartbeat timeout of ``hook``."""
        return self._succeeds(
            "heartbeat",
            lambda instance_id: self._client.record_lifecycle_action_heartbeat(
                AutoScalingGroupName=self._group, LifecycleHookName=hook, InstanceId=instance_id
            ),
        )

    def complete(self, hook: str) -> bool:
        """Let the instance go on to where ``hook`` keeps it from. It may be shut down at once."""
        return self._succeeds(
            "complete",
            lambda instance_id: self._client.complete_lifecycle_action(
                AutoScalingGroupName=self._group,
                LifecycleHookName=hook,
                InstanceId=instance_id,
                LifecycleActionResult="CONTINUE",
            ),
        )

    def set_protection(self, protected: bool) -> bool:
        """Take the instance out of the choice of a scale-in, or put it back."""
        return self._succeeds(
            "protect" if protected else "unprotect",
            lambda instance_id: self._client.set_instance_protection(
                AutoScalingGroupName=self._group, InstanceIds=[instance_id], ProtectedFromScaleIn=protected
            ),
        )

    def _succeeds(self, operation: str, call: Callable[[str], Any]) -> bool:
        try:
            self._instance_id = self._instance_id or self._metadata.instance_id()
            with translated("Auto Scaling", operation):
                call(self._instance_id)
        except Unavailable as error:
            self._note_failure(operation, error)
            return False
        with self._lock:
            self._failing.discard(operation)
        return True

    def _note_failure(self, operation: str, error: Unavailable) -> None:
        with self._lock:
            self.failures += 1
            is_first = operation not in self._failing
            self._failing.add(operation)
        if is_first:
            log.warning("%s (%s)", error, error.__cause__)


class Lifecycle:
    """Holds the termination of this instance open while the worker drains, and lets it happen at the end."""

    def __init__(self, member: GroupMember, hook: str, *, interval_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._member = member
        self._hook = hook
        self._interval_seconds = interval_seconds
        self._completed = False

    def heartbeat(self) -> bool:
        """One sign that the drain goes on; False if it did not get through."""
        return self._member.record_heartbeat(self._hook)

    @contextmanager
    def keep_alive(self) -> Iterator[None]:
        """Inside the block a thread gives such a sign at once, and then every ``interval_seconds``."""
        ended = threading.Event()
        thread = threading.Thread(target=self._beat_until, args=(ended,), name="lifecycle", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _beat_until(self, ended: threading.Event) -> None:
        self.heartbeat()
        while not ended.wait(self._interval_seconds):
            self.heartbeat()

    def complete(self) -> None:
        """The last act of the drain, outside ``keep_alive``. Asked for again, it does nothing.

        If it fails, the hook's timeout ends the wait, with its DefaultResult.
        """
        if not self._completed:
            self._completed = True
            self._member.complete(self._hook)


class Protection:
    """Protects this instance from scale-in while it works, and asks Auto Scaling only when that changes.

    Protected *before* a receive: between a receive and a late protection, Auto Scaling may have chosen this
    instance. So an idle worker, which is not protected, must not poll: ``work_waits`` looks into the queue for
    it (or every poll would toggle the protection, which is throttled). For the poller's thread.
    """

    def __init__(self, member: GroupMember, work_waits: Callable[[], bool], *, idle_polls: int = IDLE_POLLS) -> None:
        self._member = member
        self._work_waits = work_waits
        self._idle_polls_max = idle_polls
        self._idle_polls = 0
        self._protected = False  # only what Auto Scaling has confirmed
        self._resting = False

    def protect(self) -> bool:
        """Before each receive: may it be made? If not, ask again a little later.

        Raises what ``work_waits`` raises.
        """
        if self._protected:
            return True
        if self._resting and not self._work_waits():
            return False
        self._protected = self._member.set_protection(True)
        self._idle_polls = 0
        return self._protected

    def busy(self) -> None:
        """A receive brought work, or a job still runs."""
        self._idle_polls = 0

    def idle(self) -> None:
        """A receive brought nothing while no job runs: after a few of these in a row the protection ends."""
        self._idle_polls += 1
        if self._protected and self._idle_polls >= self._idle_polls_max:
            self._resting = self._member.set_protection(False)
            self._protected = False  # even if there was no answer: it may have been carried out
