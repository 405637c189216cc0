"""After the faults: half of the system hangs, and the rest must settle all videos. Then all faults are removed."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from local.system.processes import LocalSystemError
from showcase.orphans import Orphans
from showcase.settings import child_environment
from tests.soak.faults_of_queue import FaultsOfQueue
from tests.soak.players import Player
from tests.soak.system import API_DRAIN_SECONDS, DRAIN_SECONDS, SoakSystem
from tests.soak.waiting import wait_for
from tests.soak.watch import own_folder

SETTLE_SECONDS = 300.0
ROUND_SECONDS = 10.0
TIDY_SECONDS = 60.0
HEALTH_SECONDS = 10.0
# After SIGTERM, a process ends within its drain and these seconds, even if everything hangs (docs/RELIABILITY.md).
END_SECONDS = {"worker": DRAIN_SECONDS + 60.0, "api": API_DRAIN_SECONDS + 30.0}
REDRIVE = ("-m", "worker.redrive", "run", "--json", "--rate", "100")
REDRIVE_SECONDS = 120.0


@dataclass(frozen=True)
class Recovery:
    """How the system recovered. ``complaints`` are the violations that were found before the faults were removed.

    ``redriven`` counts the dead letters that ``worker.redrive`` settled.
    """

    complaints: list[str]
    all_settled: bool
    seconds: float
    hang: tuple[float, float]  # when half of the system hung, in seconds since the epoch
    redriven: int
    folders_left: list[str]  # of dead workers and of ended jobs, while the workers still ran
    orphans_removed: int


def recover(system: SoakSystem, queue_faults: FaultsOfQueue, players: Sequence[Player]) -> Recovery:
    """Check while half of the system hangs, heal, wait until all is settled, stop the processes, remove orphans.

    Dead letters are redriven, as an operator would do it.
    """
    began = time.time()
    system.hang()
    all_settled, redriven = _settle(system, queue_faults)
    seconds = time.time() - began
    complaints = [] if all_settled else [_why_not(system)]
    for player in players:
        player.look_at_all()
    complaints += [*_silent_apis(system), *_late_ends(system)]
    hang = (began, time.time())
    system.heal()
    if not all_settled:
        all_settled, more = _settle(system, queue_faults)
        redriven += more
    wait_for(lambda: not _folders_left(system), TIDY_SECONDS)
    folders_left = _folders_left(system)
    for player in players:
        player.look_at_all()
        player.close()
    for process in system.steady:
        process.stop()
    orphans = Orphans(system.resources.database, system.resources.media, age_seconds=0)
    return Recovery(complaints, all_settled, seconds, hang, redriven, folders_left, orphans.sweep())


def _settle(system: SoakSystem, queue_faults: FaultsOfQueue) -> tuple[bool, int]:
    """Whether all videos were settled within SETTLE_SECONDS, and how many dead letters were redriven for that."""
    deadline = time.monotonic() + SETTLE_SECONDS
    all_settled, redriven = False, 0
    while not all_settled and time.monotonic() < deadline:
        queue_faults.make_purged_due()
        all_settled = wait_for(
            lambda: system.count_unsettled() == 0 and system.resources.queue_is_empty(system.resources.queues.jobs),
            ROUND_SECONDS,
        )
        if letters := _redrive(system):
            all_settled = False
        redriven += letters
    return all_settled, redriven


def _why_not(system: SoakSystem) -> str:
    videos, depth = system.count_unsettled(), system.resources.queue.depth()
    return f"after {SETTLE_SECONDS:.0f} s, {videos} videos are not settled, and the queue has {depth}"


def _silent_apis(system: SoakSystem) -> list[str]:
    """The APIs whose health does not answer while everything outside hangs."""
    silent = []
    for url in system.api_urls:
        try:
            httpx.get(f"{url}/api/health/live", timeout=HEALTH_SECONDS).raise_for_status()
        except httpx.HTTPError as error:
            silent.append(f"{url} is not alive while everything hangs: {error!r}")
    return silent


def _late_ends(system: SoakSystem) -> list[str]:
    """Stop the hanging processes. Return those that do not end in time with 0 or 1."""
    with ThreadPoolExecutor() as stoppers:
        codes = list(stoppers.map(lambda each: each.end(END_SECONDS[each.kind]), system.struck))
    return [
        f"{process.name} was stopped while everything hung, and ended with {code}"
        for process, code in zip(system.struck, codes, strict=True)
        if code not in (0, 1)
    ]


def _folders_left(system: SoakSystem) -> list[str]:
    """Folders of dead workers, or of ended jobs. The steady worker has one folder, without a job."""
    own = {own_folder(process.pid) for process in system.steady}
    folders = [*system.work.glob("worker-*"), *system.work.glob("worker-*/job-*")]
    return [str(folder.relative_to(system.work)) for folder in folders if folder not in own]


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
