"""The tables of the API benchmark, and whether the project's targets are met."""

from collections.abc import Sequence
from statistics import median

from rich.table import Table

from benchmarks.api.hot_video import Rush
from benchmarks.api.page_costs import Timing
from benchmarks.api.rounds import LoadBlock
from benchmarks.api.servers import FASTAPI, FLASK, OURS
from benchmarks.benchmark_screen import print_notes
from benchmarks.targets import Target, target_table
from cli.screen import Screen

CPU_RATIO_MAX = 0.6  # the CPU time of a request for a list, compared with that of each peer
PAGE_MS_MAX = 10.0  # of server time: the target is a number of one digit
JUDGED = ("public list", "ranking")
NOTES = (
    "CPU: user + system time of all processes of a server, a request. x: median of the rounds' ratios, ours to peer.",
    "Ours is the whole product (metrics into a file, tokens, limits, security headers); the peers have none of that.",
    "A list of videos has a presigned link in each row, signed by boto3. Ours keeps links for a while; the ranking has",
    "none, and compares the rest. The load generator shares the CPUs: judge by CPU time, not by requests/s.",
)
PAGE_NOTES = (
    "Server time: planning + execution as PostgreSQL reports them (EXPLAIN ANALYZE), without commits and network.",
)

Blocks = dict[tuple[str, str], list[LoadBlock]]  # by request and server


def cpu_ratio(blocks: Blocks, request: str, peer: str) -> float:
    """The median of the rounds' ratios: load on the machine in a round affects both sides of its ratio."""
    pairs = zip(blocks[request, OURS], blocks[request, peer], strict=True)
    return median(ours.server_us / theirs.server_us for ours, theirs in pairs)


def judge(blocks: Blocks, timings: Sequence[Timing]) -> list[Target]:
    """The targets of the API's speed."""
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


def report(
    screen: Screen, title: str, blocks: Blocks, timings: Sequence[Timing], rushes: Sequence[Rush]
) -> list[Target]:
    """Print everything; return the targets."""
    screen.show(_request_table(title, blocks))
    print_notes(screen, NOTES)
    screen.show(_page_table(timings))
    print_notes(screen, PAGE_NOTES)
    screen.show(_rush_table(rushes))
    targets = judge(blocks, timings)
    screen.show(target_table(targets))
    return targets


def _request_table(title: str, blocks: Blocks) -> Table:
    table = Table("request", "server", title=title)
    for heading in ("CPU us median", "min", "ours: x", "PostgreSQL us", "requests/s", "p50 ms", "p99 ms", "bytes"):
        table.add_column(heading, justify="right")
    for (request, server), measured in blocks.items():
        cpu_us, loads = [block.server_us for block in measured], [block.load for block in measured]
        table.add_row(
            request,
            server,
            f"{median(cpu_us):.0f}",
            f"{min(cpu_us):.0f}",
            "" if server == OURS else f"{cpu_ratio(blocks, request, server):.2f}",
            f"{median(block.database_us for block in measured):.0f}",
            f"{median(load.per_second for load in loads):.0f}",
            f"{median(load.median_ms for load in loads):.1f}",
            f"{median(load.p99_ms for load in loads):.0f}",
            f"{loads[-1].answer_bytes}",
            end_section=server == FLASK,
        )
    return table


def _page_table(timings: Sequence[Timing]) -> Table:
    table = Table("what", title="server time of PostgreSQL")
    for heading in ("calls", "ms median", "p99", "rows written"):
        table.add_column(heading, justify="right")
    for timing in timings:
        cells = (f"{timing.calls}", f"{timing.median_ms:.2f}", f"{timing.p99_ms:.2f}", f"{timing.rows or ''}")
        table.add_row(timing.name, *cells)
    return table


def _rush_table(rushes: Sequence[Rush]) -> Table:
    table = Table("votes", title="votes at once, each committed to the disk")
    for heading in ("how many", "connections", "votes/s"):
        table.add_column(heading, justify="right")
    for rush in rushes:
        table.add_row(rush.name, f"{rush.votes}", f"{rush.connections}", f"{rush.per_second:.0f}")
    return table
