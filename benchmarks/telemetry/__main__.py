"""``python -m benchmarks.telemetry``: the API with a stalled metrics destination beside a healthy one.

Two whole systems run side by side. The records of one go to an agent that reads; those of the other go to an agent
that accepts the connection and never reads. Both get the same requests in short alternating blocks. Judge by the
median ratio of neighbouring blocks, because other work on the machine slows both alike.
"""

import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from rich.table import Table

from benchmarks.benchmark_screen import benchmark_screen
from benchmarks.targets import EXIT_CODES, Target, exit_code, target_table
from benchmarks.telemetry.emf_agents import EmfAgent, ReadingAgent, StalledAgent
from benchmarks.telemetry.request_blocks import (
    BLOCK_REQUESTS,
    CONNECTIONS,
    PATH,
    DestinationVariant,
    latency_ratio,
    send_alternating,
)
from cli.command_parser import command_parser
from local.client import signed_in_client
from local.sample_clip import render_sample
from local.system.local_system import LocalSystem, check_stopped_well
from local.system.processes import ManagedProcess
from worker.media.encoder import find_encoder

HOME = Path(".local/bench-telemetry").resolve()
QUEUE_RECORDS_MAX = 500  # fewer than the requests, so that the stalled system must drop records and count them
CLIP_SECONDS = 20
RATIO_MAX = 1.1
LOOK_SECONDS = 0.5
PROCESS_SECONDS_MAX = 600.0

DESCRIPTION = """\
Measure the API with a metrics destination that accepts connections and never reads, beside one with a destination that
reads. Two whole systems run side by side and get the same requests in short alternating blocks.
"""
EXAMPLES = [("", "the whole benchmark"), ("--rounds 1 --requests 200 --no-video", "the shortest useful run")]


class Counts(NamedTuple):
    """The numbers of records that a process has logged at its end."""

    written: int
    dropped: int


class Round(NamedTuple):
    """The two systems that were measured side by side."""

    reading: DestinationVariant
    stalled: DestinationVariant


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; return an ExitCode."""
    parser = command_parser("benchmarks.telemetry", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--rounds", type=int, default=3, help="how often two new systems are measured (default 3)")
    parser.add_argument(
        "--requests", type=int, default=2000, help="requests to each system in each round (default 2000)"
    )
    parser.add_argument("--no-video", action="store_true", help="leave out the video that each worker processes")
    asked = parser.parse_args(arguments)
    if asked.requests < BLOCK_REQUESTS:
        parser.error(f"--requests must be at least {BLOCK_REQUESTS}")
    rounds = [
        measure_round(number, asked.requests, with_video=number == 0 and not asked.no_video)
        for number in range(asked.rounds)
    ]
    ratios = [latency_ratio(*variants) for variants in rounds]
    lost = sum(_counts(variants.reading.system.api).dropped for variants in rounds)
    targets = [
        Target(
            f"latency, stalled to reading: at most {RATIO_MAX} (median of the rounds)",
            f"{median(ratios):.3f} of {', '.join(f'{ratio:.3f}' for ratio in ratios)}",
            median(ratios) <= RATIO_MAX,
        ),
        Target("records lost on the way to the agent that reads: at most 0", str(lost), lost == 0),
    ]
    screen = benchmark_screen()
    screen.show(_table(rounds))
    screen.show(target_table(targets))
    return exit_code(targets)


def measure_round(number: int, requests: int, *, with_video: bool) -> Round:
    """Measure two new systems. In each round they are new, because the speed of threads differs between processes."""
    with ExitStack() as stack:
        variants = Round(
            stack.enter_context(_variant(f"reading-{number}", ReadingAgent())),
            stack.enter_context(_variant(f"stalled-{number}", StalledAgent())),
        )
        send_alternating(variants, requests)
        if with_video:
            clip = HOME / f"clip-{CLIP_SECONDS}s.mp4"
            if not clip.exists():
                render_sample(find_encoder(None).path, clip, seconds=CLIP_SECONDS)
            for variant in variants:
                variant.video_seconds = _process_video(variant.system, clip)
        for variant in variants:
            check_stopped_well(variant.system.api)
            check_stopped_well(variant.system.worker)
    return variants


@contextmanager
def _variant(name: str, agent: EmfAgent) -> Iterator[DestinationVariant]:
    directory = HOME / name
    shutil.rmtree(directory, ignore_errors=True)
    overrides = {
        "ANB_EMF_DESTINATION": f"tcp://127.0.0.1:{agent.port}",
        "ANB_EMF_QUEUE_RECORDS_MAX": str(QUEUE_RECORDS_MAX),
    }
    try:
        with LocalSystem(directory, overrides=overrides) as system:
            yield DestinationVariant(agent, system)
    finally:
        agent.close()


def _process_video(system: LocalSystem, clip: Path) -> float:
    """The seconds from the accepted upload to the published clip."""
    with signed_in_client(system.api_url) as client:
        video_id = client.upload(clip, "Mi mejor jugada")
        started = time.monotonic()
        while (status := client.video(video_id)["status"]) != "processed":
            assert status != "failed", f"{clip} was refused"
            assert time.monotonic() < started + PROCESS_SECONDS_MAX, f"{clip} was not processed in time"
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - started


def _counts(process: ManagedProcess) -> Counts:
    """The counts that a process has logged at its end."""
    found = re.search(r"telemetry closed: (\d+) records written, (\d+) dropped", process.log.read_text())
    assert found, f"{process.log} does not contain the number of records written"
    return Counts(int(found[1]), int(found[2]))


FIGURES: dict[str, Callable[[DestinationVariant], str]] = {
    "p50, ms": lambda variant: f"{median(variant.latencies_ms):.2f}",
    "p99, ms": lambda variant: f"{quantiles(variant.latencies_ms, n=100)[98]:.1f}",
    "CPU of the API, µs/request": lambda variant: f"{variant.cpu_seconds / len(variant.latencies_ms) * 1e6:.0f}",
    "API: records written": lambda variant: str(_counts(variant.system.api).written),
    "API: records dropped, and counted": lambda variant: str(_counts(variant.system.api).dropped),
    "worker: a video, s": lambda variant: f"{variant.video_seconds:.1f}" if variant.video_seconds else "-",
    "worker: records written": lambda variant: str(_counts(variant.system.worker).written),
    "worker: records dropped, and counted": lambda variant: str(_counts(variant.system.worker).dropped),
    "records that arrived at the agent": lambda variant: str(variant.agent.records),
}


def _table(rounds: Sequence[Round]) -> Table:
    """A row for each of the FIGURES, with the values of all rounds side by side."""
    requests = len(rounds[0].reading.latencies_ms)
    table = Table("", title=f"{requests} requests GET {PATH} to each of two APIs, {CONNECTIONS} connections")
    for name in ("reading agent", "stalled agent"):
        table.add_column(name, justify="right")
    for name, figure in FIGURES.items():
        table.add_row(name, *(" · ".join(map(figure, variants)) for variants in zip(*rounds, strict=True)))
    return table


if __name__ == "__main__":
    sys.exit(main())
