"""One soak from its start to its verdict."""

import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.clips import Clips
from tests.soak.evidence import Evidence
from tests.soak.fault_injector import Fault, Nemesis
from tests.soak.faults_of_aws import FaultsOfAws
from tests.soak.faults_of_database import FaultsOfDatabase
from tests.soak.faults_of_processes import FaultsOfProcesses
from tests.soak.faults_of_queue import FaultsOfQueue
from tests.soak.players import Player, Wishes
from tests.soak.quiescence import come_to_rest
from tests.soak.system import SoakSystem, running_system
from tests.soak.verdict import Finding, judge
from worker.media.encoder import find_encoder

PLAYERS = 4
UNSETTLED_MAX = 60  # the emulator's time grows with the square of its depth
HEAD_START = 0.8  # of the time, in which all uploads should be made: outages cost some
EXTRA_SECONDS = 180.0  # beside twice the time, for what did not come about until then
CLIPS = Path(".local/test-clips")
TURN_SECONDS = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is wanted. ``faults`` are the names of those that strike; empty: all."""

    seed: str
    seconds: float
    videos: int
    faults: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """What came of it; valid as long as the system runs (its databases are asked for details)."""

    evidence: Evidence
    findings: list[Finding]

    @property
    def is_good(self) -> bool:
        return not any(finding.breaches for finding in self.findings)


@dataclass
class _Show:
    """Players and nemeses at work, until all that is wanted has come about."""

    plan: Plan
    players: list[Player]
    nemeses: list[Nemesis]
    began: float = field(default_factory=time.monotonic)
    stopped: threading.Event = field(default_factory=threading.Event)

    def is_over(self) -> bool:
        passed = time.monotonic() - self.began
        if self.stopped.is_set() or passed > 2 * self.plan.seconds + EXTRA_SECONDS:
            return True
        enough = self.accepted >= self.plan.videos and all(nemesis.has_struck_with_all() for nemesis in self.nemeses)
        return passed > self.plan.seconds and enough

    @property
    def accepted(self) -> int:
        return sum(player.accepted for player in self.players)

    def run(self, say: Say) -> None:
        """Raises whatever one of them raised."""
        interval = HEAD_START * self.plan.seconds * len(self.players) / self.plan.videos
        with ThreadPoolExecutor(len(self.players) + len(self.nemeses)) as threads:
            plays = [threads.submit(player.play, interval, self.is_over) for player in self.players]
            try:
                self._watch(plays, lambda: self.accepted < len(self.players), say)  # a strike needs something to hit
                plays += [threads.submit(nemesis.play, self.is_over) for nemesis in self.nemeses]
                self._watch(plays, lambda: not self.is_over(), say)
            finally:
                self.stopped.set()
        for play in plays:
            play.result()

    def _watch(self, plays: Iterable["Future[None]"], goes_on: Callable[[], bool], say: Say) -> None:
        while goes_on() and not any(play.done() for play in plays):
            faults = " + ".join(nemesis.now for nemesis in self.nemeses)
            say(f"{time.monotonic() - self.began:4.0f} s  {self.accepted} videos accepted  {faults}")
            time.sleep(TURN_SECONDS)


def run(plan: Plan, directory: Path, use: Callable[[Verdict], None], say: Say = lambda _text: None) -> None:
    """Everything is started, plagued, healed and judged; ``use`` gets the verdict while the system still runs."""
    base = Clips(find_encoder(None).path, CLIPS).plain().read_bytes()
    say("starting")
    with running_system(directory) as system:
        queue_faults, show = _build_show(plan, system, base)
        system.journal.note("soak", "plan", seed=plan.seed, seconds=plan.seconds, videos=plan.videos)
        for player in show.players:
            player.sign_up()
        show.run(say)
        say("healed; waiting for the end of all videos")
        rest = come_to_rest(system, queue_faults)
        tallies = [tally for nemesis in show.nemeses for tally in nemesis.tallies.values()]
        evidence = Evidence(system, tallies, queue_faults, rest, base, plan.videos)
        say("judging")
        use(Verdict(evidence, judge(evidence)))


def _build_show(plan: Plan, system: SoakSystem, base: bytes) -> tuple[FaultsOfQueue, _Show]:
    wishes = Wishes(threading.Event(), lambda: system.count_unsettled() > UNSETTLED_MAX)
    queue_faults = FaultsOfQueue(system)
    of_processes = list(FaultsOfProcesses(system).all())
    around = [
        *FaultsOfAws(system.aws_proxy, wishes).all(),
        *FaultsOfDatabase(system).all(),
        *queue_faults.all(),
    ]

    def nemesis(name: str, faults: list[Fault]) -> Nemesis:
        chosen = [fault for fault in faults if not plan.faults or fault.name in plan.faults]
        return Nemesis(name, chosen, plan.seed, system.journal)

    names = random.Random(plan.seed).sample(("Laura", "Andrés", "Valentina", "Mateo", "Sofía", "Camilo"), PLAYERS)
    players = [Player(name, plan.seed, system.api_url, system.journal, base, wishes) for name in names]
    return queue_faults, _Show(plan, players, [nemesis("processes", of_processes), nemesis("around", around)])
