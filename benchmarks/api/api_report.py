"""What the API benchmark has found, and whether the project's targets are met."""

from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.api.hot_video import Rush
from benchmarks.api.page_costs import Timing
from benchmarks.api.rounds import LoadBlock
from benchmarks.api.servers import FASTAPI, FLASK, OURS
from benchmarks.targets import Target, target_table

PIPED_COLUMNS = 140
CPU_RATIO_MAX = 0.6  # of a request to a list, ours to each peer
PAGE_MS_MAX = 10.0  # single-digit milliseconds of server time
JUDGED = ("public list", "ranking")
NOTES = (
    "CPU: user + system of all processes of a server, a request. x: median of the rounds' ratios, ours to that peer.",
    "ours runs with all that it has (metrics into a file, tokens, limits, security headers); the peers have none.",
    "All lists of videos carry a presigned link a row, signed by boto3; ours keeps each for a while, so the ranking,",
    "without links, shows the rest alone. The generator shares the CPUs: judge by CPU time, not by requests/s.",
)
PAGE_NOTES = (
    "Server time: planning + execution as PostgreSQL tells them (EXPLAIN ANALYZE), commits and the network not in it.",
)

Blocks = dict[tuple[str, str], list[LoadBlock]]  # by request and server


def cpu_ratio(blocks: Blocks, request: str, peer: str) -> float:
    """Median of the rounds' ratios: what loads the machine in a round hits both sides of its ratio."""
    pairs = zip(blocks[request, OURS], blocks[request, peer], strict=True)
    return median(ours.server_us / theirs.server_us for ours, theirs in pairs)


def judge(blocks: Blocks, timings: Sequence[Timing]) -> list[Target]:
    """All targets of the API's speed."""
    targets = []
    for request in JUDGED:
        for peer in (FASTAPI, FLASK):
            found = cpu_ratio(blocks, request, peer)
            text = f"{request}: CPU a request <= {CPU_RATIO_MAX} x {peer}"
            targets.append(Target(text, f"{found:.2f} x", found <= CPU_RATIO_MAX))
    slowest = max(timings, key=lambda timing: timing.median_ms)
    text = "every page and a vote: single-digit milliseconds of server time"
    targets.append(Target(text, f"{slowest.median_ms:.1f} ms ({slowest.name})", slowest.median_ms < PAGE_MS_MAX))
    return targets


def report(console: Console, title: str, blocks: Blocks, timings: Sequence[Timing], rushes: Sequence[Rush]) -> bool:
    """Print everything; False when a target is missed."""
    if not console.is_terminal:
        console = Console(width=PIPED_COLUMNS)
    console.print(_request_table(title, blocks))
    _print_notes(console, NOTES)
    console.print(_page_table(timings))
    _print_notes(console, PAGE_NOTES)
    console.print(_rush_table(rushes))
    targets = judge(blocks, timings)
    console.print(target_table(targets))
    return all(target.is_met for target in targets)


def _print_notes(console: Console, notes: Sequence[str]) -> None:
    for note in notes:
        console.print(note, style="dim", highlight=False)


def _request_table(title: str, blocks: Blocks) -> Table:
    table = Table(title=title)
    table.add_column("request")
    table.add_column("server")
    for heading in ("CPU us median", "min", "ours: x", "PostgreSQL us", "requests/s", "p50 ms", "p99 ms", "bytes"):
        table.add_column(heading, justify="right")
    for (request, server), measured in blocks.items():
        ratio = "" if server == OURS else f"{cpu_ratio(blocks, request, server):.2f}"
        table.add_row(request, server, *_cells(measured, ratio), end_section=server == FLASK)
    return table


def _cells(blocks: list[LoadBlock], ratio: str) -> list[str]:
    cpu_us, loads = [block.server_us for block in blocks], [block.load for block in blocks]
    return [
        f"{median(cpu_us):.0f}",
        f"{min(cpu_us):.0f}",
        ratio,
        f"{median(block.database_us for block in blocks):.0f}",
        f"{median(load.per_second for load in loads):.0f}",
        f"{median(load.median_ms for load in loads):.1f}",
        f"{median(load.p99_ms for load in loads):.0f}",
        f"{loads[-1].answer_bytes}",
    ]


def _page_table(timings: Sequence[Timing]) -> Table:
    table = Table(title="server time of PostgreSQL")
    table.add_column("what")
    for heading in ("calls", "ms median", "p99", "rows written"):
        table.add_column(heading, justify="right")
    for timing in timings:
        cells = (f"{timing.calls}", f"{timing.median_ms:.2f}", f"{timing.p99_ms:.2f}", f"{timing.rows or ''}")
        table.add_row(timing.name, *cells)
    return table


def _rush_table(rushes: Sequence[Rush]) -> Table:
    table = Table(title="votes at once, each committed to the disk")
    table.add_column("votes")
    for heading in ("how many", "connections", "votes/s"):
        table.add_column(heading, justify="right")
    for rush in rushes:
        table.add_row(rush.name, f"{rush.votes}", f"{rush.connections}", f"{rush.per_second:.0f}")
    return table
