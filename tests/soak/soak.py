"""One soak, from the start of the system to the verdict."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.clips import Clips
from tests.soak.evidence import Evidence
from tests.soak.fault_injector import Fault, FaultInjector
from tests.soak.faults_of_aws import FaultsOfAws
from tests.soak.faults_of_database import FaultsOfDatabase
from tests.soak.faults_of_hangs import FaultsOfHangs
from tests.soak.faults_of_machine import FaultsOfMachine
from tests.soak.faults_of_processes import FaultsOfProcesses
from tests.soak.faults_of_queue import FaultsOfQueue
from tests.soak.players import Player, UploadControl
from tests.soak.recovery import recover
from tests.soak.system import SoakSystem, running_system
from tests.soak.verdict import Finding, check_invariants
from tests.soak.watch import Watch
from worker.media.encoder import find_encoder

PLAYERS = 4
UNSETTLED_MAX = 60  # the emulator's time per request grows with the square of its depth
UPLOADING_SHARE = 0.8  # of the time; all uploads are planned in it, and outages delay some
EXTRA_SECONDS = 180.0  # for faults that have not hit and for missing uploads, once twice the time is over
CLIPS = Path(".local/test-clips")
POLL_SECONDS = 1.0

Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long the faults last, at least, and how many videos are accepted, at least.

    ``faults`` are the names of the faults to inject; empty for all. Without ``has_real_encodes`` all encodes are
    pretended.
    """

    seed: str
    seconds: float
    videos: int
    faults: frozenset[str] = frozenset()
    has_real_encodes: bool = True


@dataclass(frozen=True)
class Verdict:
    """The findings. ``evidence`` queries the databases, so it is valid only while the system runs."""

    evidence: Evidence
    findings: list[Finding]

    @property
    def is_good(self) -> bool:
        return not any(finding.breaches for finding in self.findings)


@dataclass
class _FaultPhase:
    """Runs the players and the fault injectors until the plan is fulfilled."""

    plan: Plan
    players: list[Player]
    injectors: list[FaultInjector]
    began: float = field(default_factory=time.monotonic)
    stopped: threading.Event = field(default_factory=threading.Event)

    def is_over(self) -> bool:
        passed = time.monotonic() - self.began
        if self.stopped.is_set() or passed > 2 * self.plan.seconds + EXTRA_SECONDS:
            return True
        enough = self.accepted >= self.plan.videos and all(each.every_fault_has_hit() for each in self.injectors)
        return passed > self.plan.seconds and enough

    @property
    def accepted(self) -> int:
        return sum(len(player.accepted) for player in self.players)

    def run(self, report: Report) -> None:
        """Raises the error of a player or an injector that failed."""
        interval = UPLOADING_SHARE * self.plan.seconds * len(self.players) / self.plan.videos
        with ThreadPoolExecutor(len(self.players) + len(self.injectors)) as threads:
            running = [threads.submit(player.run, interval, self.is_over) for player in self.players]
            try:
                # The first fault waits for the first uploads: before them, it could hit nothing.
                self._watch(running, lambda: self.accepted < len(self.players), report)
                running += [threads.submit(injector.run, self.is_over) for injector in self.injectors]
                self._watch(running, lambda: not self.is_over(), report)
            finally:
                self.stopped.set()
        for each in running:
            each.result()

    def _watch(self, running: Iterable["Future[None]"], goes_on: Callable[[], bool], report: Report) -> None:
        """Report progress while the condition holds, until a player or injector ends."""
        while goes_on() and not any(each.done() for each in running):
            faults = " + ".join(injector.current_fault for injector in self.injectors)
            report(f"{time.monotonic() - self.began:4.0f} s  {self.accepted} videos accepted  {faults}")
            time.sleep(POLL_SECONDS)


@contextmanager
def soaked(plan: Plan, directory: Path, report: Report = lambda _text: None) -> Iterator[Verdict]:
    """Start the system, inject faults, remove them, wait, check. The system runs until the end of the block."""
    base = Clips(find_encoder(None).path, CLIPS).plain().read_bytes()
    report("starting")
    with running_system(directory) as system:
        queue_faults = FaultsOfQueue(system)
        phase = _fault_phase(plan, system, queue_faults, base)
        system.journal.note("soak", "plan", seed=plan.seed, seconds=plan.seconds, videos=plan.videos)
        for player in phase.players:
            player.sign_up()
        with Watch(system.processes, directory / "samples.jsonl") as watch:
            phase.run(report)
            report("half of the system hangs; waiting until the rest has settled all videos")
            recovery = recover(system, queue_faults, phase.players)
        tallies = [tally for injector in phase.injectors for tally in injector.tallies.values()]
        evidence = Evidence(system, tallies, queue_faults, recovery, watch.samples, base, plan.videos)
        report("checking the invariants")
        yield Verdict(evidence, check_invariants(evidence))


def _fault_phase(plan: Plan, system: SoakSystem, queue_faults: FaultsOfQueue, base: bytes) -> _FaultPhase:
    control = UploadControl(threading.Event(), lambda: system.count_unsettled() > UNSETTLED_MAX, plan.has_real_encodes)

    def injector(name: str, faults: Iterable[Fault]) -> FaultInjector:
        chosen = [fault for fault in faults if not plan.faults or fault.name in plan.faults]
        return FaultInjector(name, chosen, plan.seed, system.journal)

    of_environment = [
        *FaultsOfAws(system.aws_proxy, system.lying_aws, control).all(),
        *FaultsOfDatabase(system).all(),
        *FaultsOfHangs(system).all(),
        *queue_faults.all(),
    ]
    # A record is lost if its process ends while the record cannot be written. So these faults come one by one.
    of_processes = [*FaultsOfProcesses(system).all(), *FaultsOfMachine(system).all()]
    injectors = [injector("processes", of_processes), injector("environment", of_environment)]
    injectors = [each for each in injectors if each.tallies]
    names = random.Random(plan.seed).sample(("Laura", "Andrés", "Valentina", "Mateo", "Sofía", "Camilo"), PLAYERS)
    players = [Player(name, plan.seed, system.api_urls, system.journal, base, control) for name in names]
    return _FaultPhase(plan, players, injectors)
