"""After the faults: wait until nothing moves any more, as an operator would, and take stock."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from local.system.processes import LocalSystemError
from showcase.orphans import Orphans
from showcase.settings import child_environment
from tests.soak.faults_of_queue import FaultsOfQueue
from tests.soak.system import SoakSystem

REST_SECONDS = 300.0
ROUND_SECONDS = 10.0
TIDY_SECONDS = 60.0
LOOK_SECONDS = 0.2
REDRIVE = ("-m", "worker.redrive", "run", "--json", "--rate", "100")
REDRIVE_SECONDS = 120.0


@dataclass(frozen=True)
class Rest:
    """How the system came to rest. ``redriven`` are the dead letters that the operator's tool had to look after."""

    came: bool
    seconds: float
    redriven: int
    folders_left: int  # of dead workers, while the others still ran
    orphans_removed: int


def come_to_rest(system: SoakSystem, queue_faults: FaultsOfQueue) -> Rest:
    """Heal all, redrive what SQS or a worker gave up, wait for the end of all videos, stop, sweep."""
    system.heal()
    began = time.monotonic()
    came, redriven = False, 0
    while not came and time.monotonic() < began + REST_SECONDS:
        queue_faults.let_the_hours_pass()
        came = _wait(lambda: _is_at_rest(system), ROUND_SECONDS)
        if letters := _redrive(system):
            came = False
        redriven += letters
    seconds = time.monotonic() - began
    _wait(lambda: not _folders_of_the_dead(system), TIDY_SECONDS)
    folders_left = _folders_of_the_dead(system)
    for seat in system.seats:
        seat.stop()
    orphans = Orphans(system.stage.database, system.stage.media, age_seconds=0)
    return Rest(came, seconds, redriven, folders_left, orphans.sweep())


def _is_at_rest(system: SoakSystem) -> bool:
    return system.count_unsettled() == 0 and system.stage.queue_is_empty(system.stage.queues.jobs)


def _folders_of_the_dead(system: SoakSystem) -> int:
    return len(list((system.directory / "work").glob("worker-*"))) - len(system.workers)


def _redrive(system: SoakSystem) -> int:
    """``python -m worker.redrive run``; return how many messages it settled. Those that nobody can read stay."""
    done = subprocess.run(
        [sys.executable, *REDRIVE],
        env=child_environment(system.stage.environment({})),
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


def _wait(is_so: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True
