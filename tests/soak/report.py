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
from tests.soak.clips import Kind, kind_of
from tests.soak.counts import unrecorded
from tests.soak.evidence import Evidence
from tests.soak.fault_injector import FaultTally
from tests.soak.journal import End
from tests.soak.soak import Verdict
from tests.soak.uploading import Way

HISTORIES_MAX = 3
LOG_LINES_MAX = 80
LINE_CHARACTERS_MAX = 400
BREACHES_MAX = 10
AMOUNTS = ("memory", "descriptors", "threads", "files")
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
    tables = (_faults, _uploads, _outcomes, _latencies, _growths, _metrics)
    for table in (*(make(verdict) for make in tables), _invariants(verdict)):
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


def _uploads(verdict: Verdict) -> Table:
    ends = (End.OK, End.REFUSED, End.FAILED, End.UNKNOWN)
    table = _table(
        "Uploads", "way", "begun", "answered 201", "refused", "never arrived", "without an answer", "accepted"
    )
    titles = {row.title for row in verdict.evidence.rows.values()}
    uploads = verdict.evidence.uploads.values()
    for way in Way:
        of_way = [call for call in uploads if call.way == way]
        counts = Counter(call.end for call in of_way)
        unknown = sum(call.title in titles for call in of_way if call.end is End.UNKNOWN)
        table.add_row(way, str(len(of_way)), *(str(counts[end]) for end in ends), str(unknown))
    return table


def _outcomes(verdict: Verdict) -> Table:
    evidence = verdict.evidence
    table = _table("Outcomes", "what", "count")
    statuses = Counter(row.status for row in evidence.rows.values())
    last = Counter(states[-1].status for states in evidence.histories.values())
    reopened = sum(
        states[-1].status == "processed" and any(state.status == "failed" for state in states)
        for states in evidence.histories.values()
    )
    real = sum(row.status == "processed" and kind_of(row.title) is Kind.REAL for row in evidence.rows.values())
    for what, count in {
        "processed": statuses["processed"],
        "· of these, by the real encoder": real,
        "failed, with a reason": statuses["failed"],
        "deleted": last["deleted"],
        "failed, then redriven": reopened,
        "messages lost in purges": len(evidence.queue_faults.vanished),
        "dead letters redriven": evidence.recovery.redriven,
        "published without a record of it": len(unrecorded(evidence)),
        "orphan objects removed at the end": evidence.recovery.orphans_removed,
        "votes": len(evidence.votes),
        "processes killed": sum(lifetime.was_killed for lifetime in evidence.lifetimes),
        "seconds until all was settled, while half of the system hung": round(evidence.recovery.seconds),
    }.items():
        table.add_row(what, str(count))
    return table


def _latencies(verdict: Verdict) -> Table:
    table = _table("Requests", "what", "count", "without an answer", "median ms", "p99 ms", "max ms")
    calls = [call for call in verdict.evidence.calls if call.what != "upload"]
    for what in sorted({call.what for call in calls}):
        of_kind = [call for call in calls if call.what == what]
        answered = sorted(1000 * call.seconds for call in of_kind if isinstance(call.status, int))
        marks = (answered[int(share * (len(answered) - 1))] for share in (0.5, 0.99, 1)) if answered else ()
        table.add_row(what, str(len(of_kind)), str(len(of_kind) - len(answered)), *(f"{mark:.0f}" for mark in marks))
    return table


def _growths(verdict: Verdict) -> Table:
    """Of the longest lifetime of each process."""
    evidence = verdict.evidence
    table = _table("Growth with each job or request", "process", "work", "memory, kB", *AMOUNTS[1:])
    for process in evidence.system.processes:
        longest = max(process.lifetimes, key=lambda each: len(evidence.work_of(each)))
        found = {amount: evidence.growth_of(longest, amount) for amount in AMOUNTS}
        slopes = [each.slope / (1000 if amount == "memory" else 1) if each else None for amount, each in found.items()]
        shown = ("-" if each is None else f"{each:.2f}" for each in slopes)
        table.add_row(process.name, str(len(evidence.work_of(longest))), *shown)
    return table


def _metrics(verdict: Verdict) -> Table:
    evidence = verdict.evidence
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
