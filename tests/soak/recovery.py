"""After the faults: act as an operator would, wait until all videos are settled, then stop and count what is left."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass

from local.system.processes import LocalSystemError
from showcase.orphans import Orphans
from showcase.settings import child_environment
from tests.soak.faults_of_queue import FaultsOfQueue
from tests.soak.system import SoakSystem
from tests.soak.waiting import wait_for

SETTLE_SECONDS = 300.0
ROUND_SECONDS = 10.0
TIDY_SECONDS = 60.0
REDRIVE = ("-m", "worker.redrive", "run", "--json", "--rate", "100")
REDRIVE_SECONDS = 120.0


@dataclass(frozen=True)
class Recovery:
    """How the system recovered. ``redriven`` counts the dead letters that the operator's tool handled."""

    all_settled: bool
    seconds: float
    redriven: int
    folders_left: int  # of dead workers, while the others still ran
    orphans_removed: int


def recover(system: SoakSystem, queue_faults: FaultsOfQueue) -> Recovery:
    """Remove the faults, redrive dead letters until all videos are settled, stop the processes, remove orphans."""
    system.heal()
    began = time.monotonic()
    all_settled, redriven = False, 0
    while not all_settled and time.monotonic() < began + SETTLE_SECONDS:
        queue_faults.make_purged_due()
        all_settled = wait_for(
            lambda: system.count_unsettled() == 0 and system.resources.queue_is_empty(system.resources.queues.jobs),
            ROUND_SECONDS,
        )
        if letters := _redrive(system):
            all_settled = False
        redriven += letters
    seconds = time.monotonic() - began
    wait_for(lambda: not _folders_of_dead_workers(system), TIDY_SECONDS)
    folders_left = _folders_of_dead_workers(system)
    for process in system.processes:
        process.stop()
    orphans = Orphans(system.resources.database, system.resources.media, age_seconds=0)
    return Recovery(all_settled, seconds, redriven, folders_left, orphans.sweep())


def _folders_of_dead_workers(system: SoakSystem) -> int:
    return len(list((system.directory / "work").glob("worker-*"))) - len(system.workers)


def _redrive(system: SoakSystem) -> int:
    """Run ``python -m worker.redrive run``. Return how many messages it settled; it keeps unreadable ones."""
    done = subprocess.run(
        [sys.executable, *REDRIVE],
        env=child_environment(system.resources.environment({})),
        capture_output=True,
        text=True,
        timeout=REDRIVE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise LocalSystemError(f"redrive ended with {done.returncode}: {done.stderr}")
    settled = [message for message in json.loads(done.stdout)["messages"] if message["action"] != "keep"]
    for message in settled:
        system.journal.note("operator", "redrive", **message)
    return len(settled)
