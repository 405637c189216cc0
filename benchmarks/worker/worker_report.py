"""The tables of the worker benchmark, and whether the project's targets are met."""

from dataclasses import replace
from statistics import median

from rich.table import Table

from benchmarks.benchmark_screen import print_notes
from benchmarks.targets import Target, target_table
from benchmarks.worker.contestants import OURS, REFERENCE, Contestant
from benchmarks.worker.message_blocks import MessageBlock
from benchmarks.worker.worker_share import Share
from cli.screen import Screen

MESSAGE_RATIO_MAX = 2.0  # the CPU time of a message without media work, compared with Celery on SQS
SHARE_MAX = 0.01  # the CPU time of queue, claim, heartbeats, telemetry and storage calls, in that of a real job
NOTES = (
    "CPU: user + system time of the worker and its children, without start and first messages. One slot each.",
    f"x Celery: median of the rounds' ratios to {REFERENCE!r}. Calls: calls that the emulator answered, a message.",
    "messages/s: limited by the emulator, which runs on one core; Redis does not use it.",
    "prefetch 1: as Celery advises for long tasks. Our worker, too, receives only as many as it can start at once.",
    "Ours is the whole product: fence, lease, heartbeat, sweepers, backlog, logs, records in a file, PostgreSQL.",
)

Rounds = dict[str, list[MessageBlock]]


def judge(rounds: Rounds, share: Share | None) -> list[Target]:
    """The two targets of the worker, with their measurements."""
    message = Target(
        f"a message without media work: CPU <= {MESSAGE_RATIO_MAX:.0f} x {REFERENCE}", "not measured", None
    )
    if {OURS, REFERENCE} <= rounds.keys():
        found = _times(rounds[OURS], rounds[REFERENCE])
        message = replace(message, measured=f"{found:.2f} x", is_met=found <= MESSAGE_RATIO_MAX)
    job = Target(f"around the media work of a real job: <= {SHARE_MAX:.0%} of its CPU", "not measured", None)
    if share:
        job = replace(job, measured=f"{share.share:.2%}", is_met=share.share <= SHARE_MAX)
    return [message, job]


def _times(blocks: list[MessageBlock], of: list[MessageBlock]) -> float:
    """The median of the rounds' ratios: load on the machine in a round affects both sides of its ratio."""
    return median(a.cpu_ms / b.cpu_ms for a, b in zip(blocks, of, strict=True))


def report(screen: Screen, title: str, chosen: list[Contestant], rounds: Rounds, share: Share | None) -> list[Target]:
    """Print everything; return the targets."""
    if chosen:
        screen.show(_message_table(title, chosen, rounds))
        print_notes(screen, NOTES)
    if share:
        screen.show(_share_table(share))
    targets = judge(rounds, share)
    screen.show(target_table(targets))
    return targets


def _message_table(title: str, chosen: list[Contestant], rounds: Rounds) -> Table:
    table = Table("worker", title=title)
    for heading in ("CPU ms median", "min", "x Celery", "messages/s", "SQS calls", "S3 calls"):
        table.add_column(heading, justify="right")
    table.add_column("what it does for a message")
    for contestant in chosen:
        blocks, reference = rounds[contestant.name], rounds.get(REFERENCE)
        table.add_row(
            contestant.name,
            f"{median(block.cpu_ms for block in blocks):.2f}",
            f"{min(block.cpu_ms for block in blocks):.2f}",
            f"{_times(blocks, reference):.2f}" if reference else "",
            f"{median(block.messages / block.wall_seconds for block in blocks):.0f}",
            f"{median(block.sqs_calls / block.messages for block in blocks):.2f}",
            f"{median(block.s3_calls / block.messages for block in blocks):.2f}",
            contestant.does,
        )
    return table


def _share_table(share: Share) -> Table:
    table = Table(title=f"{share.jobs} real jobs: 1080p, {share.clip_seconds} s; default settings")
    for heading in ("CPU s a job: worker", "ffmpeg", "worker's share", "wall s"):
        table.add_column(heading, justify="right")
    own, media = share.own_seconds / share.jobs, share.media_seconds / share.jobs
    table.add_row(f"{own:.3f}", f"{media:.2f}", f"{share.share:.2%}", f"{share.wall_seconds:.0f}")
    return table
