"""The nemesis: draws one fault after the other, lets it strike, and sees to it that it ends.

Two of them work at the same time, one on the processes and one on what is around them, so that faults meet.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.soak.journal import Journal

PAUSE_SECONDS = (0.1, 1.0)


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    ``strike`` does it, lets it last, ends it, and returns how often it hit: requests, processes, messages.
    ``evidence`` is a metric that cannot be 0 when it was survived as it should be; empty where there is none.
    """

    name: str
    strike: Callable[[random.Random], int]
    weight: int = 1
    evidence: str = ""


@dataclass
class Tally:
    """How a fault fared. ``spans`` are the times (seconds since the epoch) of the turns that hit something."""

    fault: Fault
    hits: int = 0
    spans: list[tuple[float, float]] = field(default_factory=list)


class Nemesis:
    """One line of faults. The order is the seed's: a deck of cards, shuffled again whenever it is used up."""

    def __init__(
        self,
        name: str,
        faults: Iterable[Fault],
        seed: str,
        journal: Journal,
        pause_seconds: tuple[float, float] = PAUSE_SECONDS,
    ) -> None:
        self.now = ""  # the fault that strikes
        self.tallies = {fault.name: Tally(fault) for fault in faults}
        self._name = name
        self._choose = random.Random(f"{seed}-{name}")
        self._journal = journal
        self._deck: list[Tally] = []
        self._pause_seconds = pause_seconds
        self._pause = threading.Event()  # nobody sets it: it only waits

    def has_struck_with_all(self) -> bool:
        return all(tally.hits for tally in self.tallies.values())

    def play(self, over: Callable[[], bool]) -> None:
        while not over():
            self._strike(self._draw())
            self._pause.wait(self._choose.uniform(*self._pause_seconds))

    def _draw(self) -> Tally:
        if not self._deck:
            self._deck = [tally for tally in self.tallies.values() for _ in range(tally.fault.weight)]
            self._choose.shuffle(self._deck)
        return self._deck.pop()

    def _strike(self, tally: Tally) -> None:
        name, began = tally.fault.name, time.time()
        self.now = name
        self._journal.note(self._name, "strike", fault=name)
        # Its own generator: what a strike draws depends on timing, the order of the faults must not.
        hits = tally.fault.strike(random.Random(self._choose.random()))
        self._journal.note(self._name, "heal", fault=name, hits=hits)
        if hits:
            tally.hits += hits
            tally.spans.append((began, time.time()))
