"""What the worker benchmark has found, and whether the project's targets are met."""

from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.targets import Target, target_table
from benchmarks.worker.contestants import OURS, REFERENCE, Contestant
from benchmarks.worker.feed import MessageBlock
from benchmarks.worker.worker_share import Share

PIPED_COLUMNS = 140
MESSAGE_RATIO_MAX = 2.0  # CPU of a message without media work, ours to Celery on SQS
SHARE_MAX = 0.01  # of a real job's CPU: queue, claim, heartbeats, telemetry, storage calls
NOTES = (
    "CPU: user + system of the worker and its children, without the start and the first messages. One slot each.",
    f"x Celery: median of the rounds' ratios to {REFERENCE!r}. Calls: as the emulator answered them, a message.",
    "messages/s: bounded by the emulator, which one core serves; only Redis is free of it.",
    "prefetch 1: as Celery advises for long tasks. Ours, too, never receives more than it can start at once.",
    "ours runs with all that it has: fence, lease, heartbeat, sweepers, backlog, logs, records in a file, PostgreSQL.",
)

Rounds = dict[str, list[MessageBlock]]


def judge(rounds: Rounds, share: Share | None) -> list[Target]:
    """Both targets of the worker."""
    return [_message_target(rounds), _share_target(share)]


def _message_target(rounds: Rounds) -> Target:
    text = f"a message without media work: CPU <= {MESSAGE_RATIO_MAX:.0f} x {REFERENCE}"
    if not {OURS, REFERENCE} <= rounds.keys():
        return Target(text, "not measured", None)
    found = _times(rounds[OURS], rounds[REFERENCE])
    return Target(text, f"{found:.2f} x", found <= MESSAGE_RATIO_MAX)


def _share_target(share: Share | None) -> Target:
    text = f"around the media work of a real job: <= {SHARE_MAX:.0%} of its CPU"
    if share is None:
        return Target(text, "not measured", None)
    return Target(text, f"{share.share:.2%}", share.share <= SHARE_MAX)


def _times(blocks: list[MessageBlock], of: list[MessageBlock]) -> float:
    """Median of the rounds' ratios: what loads the machine in a round hits both sides of its ratio."""
    return median(a.cpu_ms / b.cpu_ms for a, b in zip(blocks, of, strict=True))


def report(console: Console, title: str, chosen: list[Contestant], rounds: Rounds, share: Share | None) -> bool:
    """Print everything; False when a target is missed."""
    if not console.is_terminal:
        console = Console(width=PIPED_COLUMNS)
    if chosen:
        console.print(_message_table(title, chosen, rounds))
    for note in NOTES if chosen else ():
        console.print(note, style="dim", highlight=False)
    if share:
        console.print(_share_table(share))
    targets = judge(rounds, share)
    console.print(target_table(targets))
    return all(target.is_met is not False for target in targets)


def _message_table(title: str, chosen: list[Contestant], rounds: Rounds) -> Table:
    table = Table(title=title)
    table.add_column("worker")
    for heading in ("CPU ms median", "min", "x Celery", "messages/s", "SQS calls", "S3 calls"):
        table.add_column(heading, justify="right")
    table.add_column("what it does for a message")
    for contestant in chosen:
        table.add_row(contestant.name, *_cells(rounds[contestant.name], rounds.get(REFERENCE)), contestant.does)
    return table


def _cells(blocks: list[MessageBlock], reference: list[MessageBlock] | None) -> list[str]:
    cpu_ms = [block.cpu_ms for block in blocks]
    return [
        f"{median(cpu_ms):.2f}",
        f"{min(cpu_ms):.2f}",
        f"{_times(blocks, reference):.2f}" if reference else "",
        f"{median(block.messages / block.wall_seconds for block in blocks):.0f}",
        f"{median(block.sqs_calls / block.messages for block in blocks):.2f}",
        f"{median(block.s3_calls / block.messages for block in blocks):.2f}",
    ]


def _share_table(share: Share) -> Table:
    table = Table(title=f"{share.jobs} real jobs: 1080p, {share.clip_seconds} s; default settings")
    for heading in ("CPU s a job: worker", "ffmpeg", "worker's share", "wall s"):
        table.add_column(heading, justify="right")
    a_job = (share.own_seconds / share.jobs, share.media_seconds / share.jobs)
    table.add_row(f"{a_job[0]:.3f}", f"{a_job[1]:.2f}", f"{share.share:.2%}", f"{share.wall_seconds:.0f}")
    return table
