"""The results of a simulation, as figures."""

from dataclasses import asdict, dataclass
from typing import Any

from alarms.simulate.simulation import SimulationOutcome

FLAP_SECONDS = 1800  # a flap is a change from growing to shrinking, or back, within this time
PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class Figures:
    """Latencies are in seconds, from the upload to the published video."""

    contender: str
    published: int
    p50: float
    p90: float
    p99: float
    longest: float
    worker_hours: float
    workers_mean: float
    changes: int
    flaps: int
    interrupted: int

    def document(self) -> dict[str, Any]:
        return asdict(self)


def figures(outcome: SimulationOutcome) -> Figures:
    """The figures of an outcome with at least one published upload."""
    ordered = sorted(outcome.latencies)
    p50, p90, p99 = (ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in PERCENTILES)
    pairs = zip(outcome.decisions, outcome.decisions[1:], strict=False)
    flaps = sum((a.new > a.old) != (b.new > b.old) and b.at - a.at < FLAP_SECONDS for a, b in pairs)
    return Figures(
        contender=outcome.contender,
        published=len(ordered),
        p50=round(p50, 1),
        p90=round(p90, 1),
        p99=round(p99, 1),
        longest=round(ordered[-1], 1),
        worker_hours=round(outcome.worker_seconds / 3600, 2),
        workers_mean=round(outcome.worker_seconds / outcome.seconds, 2),
        changes=len(outcome.decisions),
        flaps=flaps,
        interrupted=outcome.interrupted,
    )
