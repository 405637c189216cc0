"""What must hold after a drill, each with its evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.drill.claims import ClaimEnd, fates
from local.drill.outcome import DrillOutcome
from local.drill.played_instance import PlayedInstance
from local.drill.story import Bounds
from local.drill.timeline import TimelineRow


@dataclass(frozen=True, slots=True)
class HeldInvariant:
    """One invariant."""

    name: str
    held: bool
    evidence: str


def check(
    rows: Sequence[TimelineRow], instances: Sequence[PlayedInstance], outcome: DrillOutcome, bounds: Bounds
) -> list[HeldInvariant]:
    """All of them."""
    killed = [instance for instance in instances if instance.killed]
    retired = [instance for instance in instances if instance.is_retired]
    return [
        *_of_capacity(rows, retired, bounds),
        _zone_loss(killed, outcome),
        _drains(retired),
        _jobs_of_retired(retired, outcome),
        _none_lost(outcome),
        _none_doubled(outcome),
    ]


def _of_capacity(
    rows: Sequence[TimelineRow], retired: Sequence[PlayedInstance], bounds: Bounds
) -> Iterator[HeldInvariant]:
    workers = [row.workers for row in rows]
    yield HeldInvariant(
        "scale-out seen",
        workers[0] == bounds.minimum < max(workers) == bounds.maximum,
        f"{workers[0]} → {max(workers)} workers in service",
    )
    yield HeldInvariant(
        "scale-in seen",
        bool(retired) and workers[-1] == bounds.minimum,
        f"{max(workers)} → {workers[-1]} workers in service, {len(retired)} told to go",
    )


def _zone_loss(killed: Sequence[PlayedInstance], outcome: DrillOutcome) -> HeldInvariant:
    cut_off = [claim for instance in killed for claim in instance.interrupted]
    ends = fates(cut_off, outcome.videos)
    return HeldInvariant(
        "zone loss survived",
        bool(cut_off) and ends[ClaimEnd.ELSEWHERE] == len(cut_off),
        f"{len(killed)} workers killed, {len(cut_off)} jobs cut off: "
        f"{ends[ClaimEnd.ELSEWHERE]} published by a later claim",
    )


def _drains(retired: Sequence[PlayedInstance]) -> HeldInvariant:
    completed, exit_codes = sum(i.completed for i in retired), [i.exit_code for i in retired]
    return HeldInvariant(
        "scale-in drains its workers",
        completed == len(retired) and not any(exit_codes),
        f"{completed} of {len(retired)} completed their lifecycle action; exit codes {exit_codes}",
    )


def _jobs_of_retired(retired: Sequence[PlayedInstance], outcome: DrillOutcome) -> HeldInvariant:
    held = [claim for instance in retired for claim in instance.interrupted]
    ends = fates(held, outcome.videos)
    here, elsewhere, lost = (ends[fate] for fate in (ClaimEnd.HERE, ClaimEnd.ELSEWHERE, ClaimEnd.LOST))
    return HeldInvariant(
        "scale-in finishes its jobs",
        bool(held) and not lost,
        f"{len(held)} jobs in work on them: {here} finished there, {elsewhere} elsewhere, {lost} not",
    )


def _none_lost(outcome: DrillOutcome) -> HeldInvariant:
    statuses, results = outcome.statuses(), outcome.results()
    is_processed = statuses == {"processed": outcome.accepted} and results == outcome.accepted
    return HeldInvariant(
        "0 lost",
        is_processed and not outcome.waiting and not outcome.dead,
        f"{outcome.accepted} accepted: {dict(statuses)}, {results} results in the bucket; "
        f"{outcome.waiting} messages left, {outcome.dead} dead",
    )


def _none_doubled(outcome: DrillOutcome) -> HeldInvariant:
    """A row is published once whatever happens, by its fence; what is looked at are the records."""
    twice = sum(count > 1 for count in outcome.publications.values())
    return HeldInvariant(
        "0 doubled",
        not twice,
        f"{outcome.publications.total()} records of a publication, {twice} videos with more than one",
    )
