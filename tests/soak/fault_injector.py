"""Injects one fault after the other.

Two injectors work at the same time, one on the processes and one on their environment, so that faults coincide.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.soak.journal import Journal

PAUSE_SECONDS = (0.1, 1.0)


class Excuse(StrEnum):
    """What the product does not promise under a fault."""

    UNRECORDED = "a worker that cannot ask how its commit ended may record a published result as unavailable"
    REFUSED = "the API may refuse a direct upload by the pieces that it has read, which carry no checksum"


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    ``strike`` causes it, lets it last, ends it, and returns how many requests, processes or messages it hit.
    ``evidence`` is a metric that is above 0 if the product handled the fault correctly; empty if there is none.
    ``excuses`` is what is allowed only while the fault lasts.
    """

    name: str
    strike: Callable[[random.Random], int]
    weight: int = 1
    evidence: str = ""
    excuses: Excuse | None = None


@dataclass
class FaultTally:
    """The record of a fault. ``spans`` are the times (seconds since the epoch) of the strikes that hit something."""

    fault: Fault
    hits: int = 0
    spans: list[tuple[float, float]] = field(default_factory=list)


class FaultInjector:
    """Injects its faults in an order that the seed decides: each fault ``weight`` times, then shuffled again."""

    def __init__(
        self,
        name: str,
        faults: Iterable[Fault],
        seed: str,
        journal: Journal,
        pause_seconds: tuple[float, float] = PAUSE_SECONDS,
    ) -> None:
        self.current_fault = ""
        self.tallies = {fault.name: FaultTally(fault) for fault in faults}
        self._name = name
        self._choose = random.Random(f"{seed}-{name}")
        self._journal = journal
        self._deck: list[FaultTally] = []
        self._pause_seconds = pause_seconds

    def every_fault_has_hit(self) -> bool:
        return all(tally.hits for tally in self.tallies.values())

    def run(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            if not self._deck:
                self._deck = [tally for tally in self.tallies.values() for _ in range(tally.fault.weight)]
                self._choose.shuffle(self._deck)
            self._strike(self._deck.pop())
            time.sleep(self._choose.uniform(*self._pause_seconds))

    def _strike(self, tally: FaultTally) -> None:
        name, began = tally.fault.name, time.time()
        self.current_fault = name
        self._journal.note(self._name, "strike", fault=name)
        # A strike draws from its own generator. How much it draws depends on timing, and must not change the order.
        hits = tally.fault.strike(random.Random(self._choose.random()))
        self._journal.note(self._name, "heal", fault=name, hits=hits)
        if hits:
            tally.hits += hits
            tally.spans.append((began, time.time()))
