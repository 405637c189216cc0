"""The invariants that must hold after a drill, each with its evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.drill.claims import ClaimEnd, count_claim_ends
from local.drill.outcome import DrillOutcome
from local.drill.process_instance import ProcessInstance
from local.drill.story import Bounds
from local.drill.timeline import TimelineRow


@dataclass(frozen=True, slots=True)
class InvariantCheck:
    """Whether one invariant held, and the figures that show it."""

    name: str
    held: bool
    evidence: str


def check_invariants(
    rows: Sequence[TimelineRow], instances: Sequence[ProcessInstance], outcome: DrillOutcome, bounds: Bounds
) -> list[InvariantCheck]:
    """Check every invariant, also after one that did not hold."""
    killed = [instance for instance in instances if instance.killed]
    retired = [instance for instance in instances if instance.is_retired]
    return [
        *_scaling_seen(rows, retired, bounds),
        _zone_loss_survived(killed, outcome),
        _retired_workers_drained(retired),
        _jobs_of_retired_workers_finished(retired, outcome),
        _nothing_lost(outcome),
        _nothing_doubled(outcome),
    ]


def _scaling_seen(
    rows: Sequence[TimelineRow], retired: Sequence[ProcessInstance], bounds: Bounds
) -> Iterator[InvariantCheck]:
    workers = [row.workers for row in rows]
    yield InvariantCheck(
        "scale-out seen",
        workers[0] == bounds.minimum < max(workers) == bounds.maximum,
        f"{workers[0]} → {max(workers)} workers in service",
    )
    yield InvariantCheck(
        "scale-in seen",
        bool(retired) and workers[-1] == bounds.minimum,
        f"{max(workers)} → {workers[-1]} workers in service, {len(retired)} scaled in",
    )


def _zone_loss_survived(killed: Sequence[ProcessInstance], outcome: DrillOutcome) -> InvariantCheck:
    cut_off = [claim for instance in killed for claim in instance.interrupted]
    later = count_claim_ends(cut_off, outcome.videos)[ClaimEnd.PUBLISHED_LATER]
    return InvariantCheck(
        "zone loss survived",
        bool(cut_off) and later == len(cut_off),
        f"{len(killed)} workers killed, {len(cut_off)} jobs cut off: {later} published by a later claim",
    )


def _retired_workers_drained(retired: Sequence[ProcessInstance]) -> InvariantCheck:
    completed, exit_codes = sum(i.completed for i in retired), [i.exit_code for i in retired]
    return InvariantCheck(
        "scale-in drains its workers",
        completed == len(retired) and not any(exit_codes),
        f"{completed} of {len(retired)} completed their lifecycle action; exit codes {exit_codes}",
    )


def _jobs_of_retired_workers_finished(retired: Sequence[ProcessInstance], outcome: DrillOutcome) -> InvariantCheck:
    claims = [claim for instance in retired for claim in instance.interrupted]
    ends = count_claim_ends(claims, outcome.videos)
    there, elsewhere, lost = (ends[end] for end in (ClaimEnd.PUBLISHED, ClaimEnd.PUBLISHED_LATER, ClaimEnd.LOST))
    return InvariantCheck(
        "scale-in finishes its jobs",
        bool(claims) and not lost,
        f"{len(claims)} jobs in work on them: {there} finished there, {elsewhere} elsewhere, {lost} not",
    )


def _nothing_lost(outcome: DrillOutcome) -> InvariantCheck:
    statuses, results = outcome.statuses(), outcome.results()
    is_processed = statuses == {"processed": outcome.accepted} and results == outcome.accepted
    return InvariantCheck(
        "0 lost",
        is_processed and not outcome.waiting and not outcome.dead,
        f"{outcome.accepted} accepted: {dict(statuses)}, {results} results in the bucket; "
        f"{outcome.waiting} messages left, {outcome.dead} dead",
    )


def _nothing_doubled(outcome: DrillOutcome) -> InvariantCheck:
    """Count publications in the records: the fence lets a row change only once, so the rows could not show it."""
    twice = sum(count > 1 for count in outcome.publications.values())
    return InvariantCheck(
        "0 doubled",
        not twice,
        f"{outcome.publications.total()} records of a publication, {twice} videos with more than one",
    )
