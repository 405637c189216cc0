"""Prints the verdict: the faults, the outcomes, the metrics, the invariants, and the history of affected videos."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from cli.screen import Screen
from tests.soak.audit import State
from tests.soak.evidence import Evidence
from tests.soak.fault_injector import FaultTally
from tests.soak.journal import End
from tests.soak.soak import Verdict

HISTORIES_MAX = 3
LOG_LINES_MAX = 80
LINE_CHARACTERS_MAX = 400
BREACHES_MAX = 10
COUNTERS = (
    "Jobs",
    "VideosProcessed",
    "VideosRefused",
    "JobErrors",
    "Retries",
    "LeasesLost",
    "HeartbeatFailures",
    "DuplicatesSuppressed",
    "MessagesResent",
    "MessagesDeadLettered",
    "FoldersRemoved",
    "OrphansRemoved",
    "Requests",
    "ServerErrors",
    "RecordsDropped",
)


def show(verdict: Verdict, screen: Screen) -> None:
    evidence = verdict.evidence
    for table in (_faults(verdict), _outcomes(evidence), _metrics(evidence), _invariants(verdict)):
        screen.show(table)
    hurt = dict.fromkeys(breach.video_id for finding in verdict.findings for breach in finding.breaches)
    for video_id in [video_id for video_id in hurt if video_id][:HISTORIES_MAX]:
        screen.line(f"the history of video {video_id}", "bold")
        for line in _history(evidence, video_id):
            screen.line(line[:LINE_CHARACTERS_MAX])


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=not number)
    return table


def _faults(verdict: Verdict) -> Table:
    table = _table("Faults", "fault", "turns", "hits", "videos in flight", "of these, without a violation")
    hurt = {breach.video_id for finding in verdict.findings for breach in finding.breaches}
    for tally in verdict.evidence.tallies:
        met = {video_id for video_id, states in verdict.evidence.histories.items() if _was_in_flight(states, tally)}
        numbers = (len(tally.spans), tally.hits, len(met), len(met - hurt))
        table.add_row(tally.fault.name, *map(str, numbers))
    return table


def _was_in_flight(states: list[State], tally: FaultTally) -> bool:
    began, ended = states[0].at.timestamp(), states[-1].at.timestamp()
    return any(began <= span[1] and span[0] <= ended for span in tally.spans)


def _outcomes(evidence: Evidence) -> Table:
    table = _table("Outcomes", "what", "count")
    answers = Counter(call.end for call in evidence.uploads.values())
    titles = {row.title for row in evidence.rows.values()}
    unknown = [title for title, call in evidence.uploads.items() if call.end is End.UNKNOWN]
    statuses = Counter(row.status for row in evidence.rows.values())
    last = Counter(states[-1].status for states in evidence.histories.values())
    reopened = sum(
        states[-1].status == "processed" and any(state.status == "failed" for state in states)
        for states in evidence.histories.values()
    )
    for what, count in {
        "uploads": len(evidence.uploads),
        "· answered 201": answers[End.OK],
        "· refused (truncated clip)": answers[End.REFUSED],
        "· never arrived": answers[End.FAILED],
        "· without an answer": len(unknown),
        "· · of these, accepted": sum(title in titles for title in unknown),
        "processed": statuses["processed"],
        "failed, with a reason": statuses["failed"],
        "deleted": last["deleted"],
        "failed, then redriven": reopened,
        "messages lost in purges": len(evidence.queue_faults.vanished),
        "dead letters redriven": evidence.recovery.redriven,
        "orphan objects removed at the end": evidence.recovery.orphans_removed,
        "votes": len(evidence.votes),
        "seconds until everything was settled": round(evidence.recovery.seconds),
    }.items():
        table.add_row(what, str(count))
    return table


def _metrics(evidence: Evidence) -> Table:
    table = _table("Metrics", "sum over all processes", "count")
    for name in () if evidence.broken_records else COUNTERS:
        table.add_row(name, str(evidence.counters[name]))
    return table


def _invariants(verdict: Verdict) -> Table:
    table = Table(title="Invariants", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    for finding in verdict.findings:
        table.add_row("[red]VIOLATED[/]" if finding.breaches else "[green]OK[/]", finding.name)
        for breach in finding.breaches[:BREACHES_MAX]:
            table.add_row("", escape(f"· {breach}"))
        if more := len(finding.breaches[BREACHES_MAX:]):
            table.add_row("", f"· … and {more} more")
    return table


def _history(evidence: Evidence, video_id: uuid.UUID) -> Iterator[str]:
    """What the database, the journal and the logs contain about a video."""
    states = evidence.histories.get(video_id, [])
    yield from (f"row  {state}" for state in states)
    title = next((row.title for row in evidence.rows.values() if row.id == video_id), None)
    for event in evidence.events:
        if event.get("video_id") == str(video_id) or (title and event.get("title") == title):
            yield f"journal  {json.dumps(event)}"
    lines = [f"{log}  {line}" for log, line in evidence.log_lines() if str(video_id) in line]
    yield from lines[:LOG_LINES_MAX]
