"""``python -m tests.alarms.sync.sync_process STATE WRITES ARGUMENTS…``: alarms.sync, killed before a write.

WRITES is the number of writing calls after which the process kills itself; a negative number is no limit. Only a few
definitions are used and calls are not paced, because the tests are about the order of calls.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import alarms.sync.__main__
from alarms.definition_files import Definition, Variables
from alarms.sync import account
from tests.alarms.sync.strict_aws import StrictAws

USED = (
    *("worker-backlog", "worker-scale-up", "worker-heartbeat-missing", "backlog-metric-missing", "oldest-message-age"),
    *("queue-depth-high", "workers-down", "api"),
    *(f"uploads-published-{name}" for name in ("fast-1h", "fast-5m", "medium-6h", "medium-30m", "page")),
)


def only_used(definitions: list[Definition], variables: Variables) -> tuple[list[Definition], Variables]:
    return [definition for definition in definitions if definition.stem in USED], variables


def main() -> int:
    state, limit = Path(sys.argv[1]), int(sys.argv[2])
    left = [limit]

    def before_write(_operation: str) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    aws = StrictAws(state, before_write=before_write)
    aws.install()
    account.ALARM_WRITES_PER_SECOND = account.DASHBOARD_WRITES_PER_SECOND = account.READS_PER_SECOND = 1e6
    sync: Any = alarms.sync.__main__
    read = sync.read_asked_definitions
    sync.read_asked_definitions = lambda asked, screen: only_used(*read(asked, screen))
    sync.check_definitions = lambda *_, **__: []  # a few definitions do not cover the catalogue
    return int(sync.main(sys.argv[3:]))


if __name__ == "__main__":
    sys.exit(main())
