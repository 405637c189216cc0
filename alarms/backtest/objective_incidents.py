"""What each objective spent of its budget over a recording, and the incidents behind its pages and tickets, as text."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from alarms.burn_rates.budget import BudgetReport, EventCounts, Incident
from alarms.burn_rates.generated_alarms import PAGE, TICKET
from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.burn_rates.windows import MINUTE, OBJECTIVE_DAYS
from alarms.recording import Recording
from alarms.replay import History
from alarms.wording import utc_minute


@dataclass(frozen=True, slots=True)
class ObjectiveOutcome:
    """``incidents`` are those of each composite by its file name, in the order in which they fired."""

    read: ObjectiveFile
    events: EventCounts
    budget_part: float
    incidents: tuple[tuple[str, Incident], ...]


def objective_outcomes(
    objectives: Sequence[ObjectiveFile], histories: Sequence[History], recording: Recording, namespace: str
) -> Iterator[ObjectiveOutcome]:
    """The outcome of each objective that has events in the recording."""
    by_stem = {history.definition.stem: history for history in histories}
    for read in objectives:
        report = BudgetReport(read.objective, recording.store, namespace, recording.start, recording.end)
        if not report.events.valid:
            continue
        incidents = [
            (stem, report.incident(fired=episode.begins, alarm_ended=episode.ends, pages=pages))
            for stem, pages in ((f"{read.stem}-{PAGE}", True), (f"{read.stem}-{TICKET}", False))
            if stem in by_stem
            for episode in by_stem[stem].episodes
        ]
        incidents.sort(key=lambda each: each[1].fired)
        yield ObjectiveOutcome(read, report.events, report.budget_part, tuple(incidents))


def outcome_lines(outcomes: Sequence[ObjectiveOutcome]) -> Iterator[str]:
    """A line for each objective, and one for each incident."""
    if outcomes:
        yield f"Objectives, with the traffic of these logs for {OBJECTIVE_DAYS} days:"
    for outcome in outcomes:
        events, objective = outcome.events, outcome.read.objective
        share = f"{events.bad:g} of {events.valid:g} {objective.events} bad ({events.bad_percent:.2f} %)"
        yield f"  {outcome.read.stem}: {share}, {outcome.budget_part:.1%} of the budget spent"
        for stem, incident in outcome.incidents:
            yield f"    {stem}: {_incident_text(incident)}"


def outcome_member(outcome: ObjectiveOutcome) -> dict[str, Any]:
    """The outcome as a JSON object. Times are in UTC, to the minute."""
    return {
        "objective": outcome.read.stem,
        "events": asdict(outcome.events),
        "budget_part": outcome.budget_part,
        "incidents": [
            {
                "alarm": stem,
                "bad_from": utc_minute(incident.began),
                "fired": utc_minute(incident.fired),
                "good_from": utc_minute(incident.recovered),
                "ended": utc_minute(incident.alarm_ended),
                "events": asdict(incident.events),
                "budget_part": incident.budget_part,
            }
            for stem, incident in outcome.incidents
        ],
    }


def _incident_text(incident: Incident) -> str:
    detection = _minutes(incident.fired - incident.began)
    reset = _minutes(max(0, incident.alarm_ended - incident.recovered))
    return (
        f"bad from {utc_minute(incident.began)}, fired {detection} later; "
        f"good from {utc_minute(incident.recovered)}, ended {reset} later; "
        f"{incident.events.bad:g} of {incident.events.valid:g} bad, {incident.budget_part:.1%} of the budget"
    )


def _minutes(seconds: int) -> str:
    return f"{round(seconds / MINUTE)} min"
