"""The times of the soak's processes: short enough that hangs begin and end many times within a soak."""

from functools import partial
from typing import Any

import worker.job
import worker.wiring
from showcase.deadlines import DEADLINES, Deadline
from showcase.jobs.jobs import LEASE_GRACE_SECONDS
from tests.faults.injection import set_deadlines
from tests.faults.system_under_faults import LEASE_SECONDS
from worker.heartbeat import Heartbeat

SHORTER = 20  # the deadlines of the soak are those of the product divided by this
DEADLINE_SECONDS_MIN = 2.5  # the machine may be busy
BACKOFF_SECONDS = 1.0
MESSAGE_GRACE_SECONDS = 10.0
ENCODE_SECONDS_MAX = 40.0
STILL_SECONDS = 25.0  # longer than a transfer may take
STUCK_SECONDS = 15.0  # longer than the calls that settle a job
LATE_SECONDS = 10.0  # that a busy machine may add to a deadline

SHORT_DEADLINES = {
    name: Deadline(max(each.seconds / SHORTER, min(each.seconds, DEADLINE_SECONDS_MIN)), each.consequence)
    for name, each in DEADLINES.items()
}
REQUEST_SECONDS_MAX = SHORT_DEADLINES["request"].seconds + LATE_SECONDS
JOB_SECONDS_MAX = ENCODE_SECONDS_MAX + SHORT_DEADLINES["job, beside its encode"].seconds
IN_WORK_SECONDS_MAX = JOB_SECONDS_MAX + LEASE_SECONDS + LEASE_GRACE_SECONDS + LATE_SECONDS  # under one claim


def shorten_times() -> None:
    """Give this process the times of the soak. Call it before the process builds its parts."""
    set_deadlines(SHORT_DEADLINES)
    worker.job.BACKOFF_SECONDS = BACKOFF_SECONDS
    worker.job.MESSAGE_GRACE_SECONDS = MESSAGE_GRACE_SECONDS
    wiring: Any = worker.wiring
    wiring.Heartbeat = partial(Heartbeat, still_seconds=STILL_SECONDS, stuck_seconds=STUCK_SECONDS)
