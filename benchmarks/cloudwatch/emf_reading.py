"""``python -m benchmarks.cloudwatch.emf_reading``: the speed and memory of five ways to read an EMF log."""

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from benchmarks.benchmark_screen import benchmark_screen
from benchmarks.process_figures import status_bytes
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from cloudwatch.emf import EmfReader, log_lines
from cloudwatch.store import MetricStore
from telemetry.catalogue import API_REQUEST, JOB, QUEUE, WORKER_HEARTBEAT
from telemetry.recorder import RecordFormat

SAMPLE_KINDS = 2_000  # different lines; each is repeated with other times and latencies
REQUESTS_A_SECOND = 50
ROUNDS = 3  # the fastest counts: other work on the machine can only make a round slower
ROUTES = ("GET /api/videos", "GET /api/videos/{video_id}", "POST /api/videos/upload", "GET /api/public/rankings")

DESCRIPTION = """\
Measure how fast EMF lines of the product are read, in five ways, and the memory that each way takes above that of the
interpreter with its modules. Each way runs in interpreters of its own; the fastest of three runs counts.
"""
EXAMPLES = [
    ("--megabytes 10", "a sample log of 10 MB"),
    ("--log .local/demo/emf.log", "a log of your own"),
    ('--log emf.log --measure "strict reader"', "one way in this process, as JSON"),
]


@dataclass(frozen=True, slots=True)
class ReadingCost:
    """The cost of reading a log. ``peak_bytes`` is memory above that of the interpreter with its modules."""

    lines: int
    log_bytes: int
    cpu_seconds: float
    peak_bytes: int

    @property
    def lines_per_second(self) -> float:
        return self.lines / self.cpu_seconds


def _consume(items: Iterable[object]) -> object:
    """Take all items and keep none."""
    return deque(items, maxlen=0)


WAYS: dict[str, Callable[[Path], object]] = {
    "json.loads alone": lambda log: _consume(map(json.loads, log_lines(log))),
    "strict reader": lambda log: _consume(EmfReader().read_lines(log_lines(log))),
    "tolerant reader": lambda log: _consume(EmfReader().scan_lines(log_lines(log))),
    "store, every value": lambda log: MetricStore.from_lines(log_lines(log)),
    "store, statistic sets": lambda log: MetricStore.from_lines(log_lines(log), distributions=()),
}


def read_apart(log: Path, way: str) -> ReadingCost:
    """Read the log in one of the WAYS, in an interpreter of its own. Raises subprocess.CalledProcessError."""
    command = [sys.executable, "-m", "benchmarks.cloudwatch.emf_reading", "--measure", way, "--log", str(log)]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return ReadingCost(**json.loads(result.stdout))


def read_here(log: Path, way: str) -> ReadingCost:
    """Read the log in one of the WAYS, in this process."""
    before = status_bytes("VmRSS")
    started = time.process_time()
    result = WAYS[way](log)  # kept until the memory has been measured
    seconds = time.process_time() - started
    peak = status_bytes("VmHWM") - before
    del result
    return ReadingCost(sum(1 for _ in log_lines(log)), log.stat().st_size, seconds, peak)


def write_sample(log: Path, size: int) -> None:
    """Write a log of at least ``size`` bytes: nine lines of ten are requests, the others are records of the worker."""
    rng = random.Random(7)  # noqa: S311 - a sample, not a secret
    lines = [re.split(r"(?<=\"Timestamp\": )\d+|(?<=\"Latency\": )[\d.]+", line) for line in _sample_lines(rng)]
    time_ms = 1_700_000_000_000
    with log.open("w") as file:
        while file.tell() < size:
            for parts in rng.sample(lines, len(lines)):
                time_ms += rng.randrange(2 * 1000 // REQUESTS_A_SECOND)
                before, after, *rest = parts
                latency = "".join(f"{rng.lognormvariate(3, 1):.3f}{part}" for part in rest)
                file.write(f"{before}{time_ms}{after}{latency}\n")


def _sample_lines(rng: random.Random) -> Iterator[str]:
    api = RecordFormat(namespace="ANB/RisingStars", service="api", log_group="/anb/api")
    worker = RecordFormat(namespace="ANB/RisingStars", service="worker", log_group="/anb/worker")
    for number in range(SAMPLE_KINDS):
        if number % 10:
            yield _request_line(api, rng)
        else:
            kind = rng.choice((JOB, QUEUE, WORKER_HEARTBEAT))
            metrics = {metric.name: rng.choice((0, 1, rng.uniform(0, 60_000))) for metric in kind.metrics}
            yield worker.line(kind, metrics, properties={"video_id": rng.randrange(10_000)})


def _request_line(api: RecordFormat, rng: random.Random) -> str:
    route = rng.choice(ROUTES)
    metrics: dict[str, float] = {
        "Requests": 1,
        "Latency": 1.5,
        "ClientErrors": int(rng.random() < 0.03),
        "ServerErrors": 0,
    }
    if "upload" in route:
        metrics["UploadBytes"] = rng.randrange(10**6, 10**8)
    properties: dict[str, str | int] = {
        "request_id": f"{rng.getrandbits(128):032x}",
        "status": 200,
        "method": route.split()[0],
    }
    return api.line(API_REQUEST, metrics, {"Route": route}, properties)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every way to read a log, or the one that is asked for; return an ExitCode."""
    parser = command_parser("benchmarks.cloudwatch.emf_reading", DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("--megabytes", type=int, default=100, help="size of the sample log (default 100)")
    parser.add_argument("--log", type=Path, help="a log to read instead of a sample")
    parser.add_argument("--measure", choices=WAYS, help="measure one way in this process, as JSON; needs --log")
    asked = parser.parse_args(arguments)
    if asked.measure and not asked.log:
        parser.error("--measure needs --log")
    if asked.log and not asked.log.is_file():
        parser.error(f"{asked.log} is not a file")
    if asked.measure:
        Screen().document(asdict(read_here(asked.log, asked.measure)))
        return ExitCode.DONE
    with tempfile.TemporaryDirectory() as folder:
        log = asked.log or Path(folder) / "sample.log"
        if not asked.log:
            write_sample(log, asked.megabytes * 1_000_000)
        benchmark_screen().show(_table(log))
    return ExitCode.DONE


def _table(log: Path) -> Table:
    table = Table(title=f"Reading {log.stat().st_size / 1e6:.0f} MB of EMF lines on one core")
    for column in ("way", "lines/s", "MB/s", "memory at most"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way in WAYS:
        cost = min((read_apart(log, way) for _ in range(ROUNDS)), key=lambda cost: cost.cpu_seconds)
        rate = cost.log_bytes / cost.cpu_seconds / 1e6
        table.add_row(way, f"{cost.lines_per_second:,.0f}", f"{rate:.0f}", f"{cost.peak_bytes / 1e6:.1f} MB")
    return table


if __name__ == "__main__":
    sys.exit(main())
