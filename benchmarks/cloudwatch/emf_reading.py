"""``python -m benchmarks.cloudwatch.emf_reading``: how fast EMF lines of the product are read, and in what memory."""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cloudwatch.emf import EmfReader, log_lines
from cloudwatch.store import MetricStore
from telemetry.catalogue import API_REQUEST, JOB, QUEUE, WORKER_HEARTBEAT
from telemetry.recorder import RecordFormat

SAMPLE_KINDS = 2_000  # different lines; each is then written again and again, with another time and latency
REQUESTS_A_SECOND = 50
ROUNDS = 3  # the fastest counts: whatever else the machine does can only slow one down
ROUTES = ("GET /api/videos", "GET /api/videos/{video_id}", "POST /api/videos/upload", "GET /api/public/rankings")


@dataclass(frozen=True, slots=True)
class ReadingCost:
    """What it cost to read a log. The memory is what came on top of the interpreter with its modules."""

    lines: int
    log_bytes: int
    cpu_seconds: float
    peak_bytes: int

    @property
    def lines_per_second(self) -> float:
        return self.lines / self.cpu_seconds


def _parse_json(log: Path) -> object:
    return deque(map(json.loads, log_lines(log)), maxlen=0)


def _read(log: Path) -> object:
    return deque(EmfReader().read_lines(log_lines(log)), maxlen=0)


def _scan(log: Path) -> object:
    return deque(EmfReader().scan_lines(log_lines(log)), maxlen=0)


def _store_values(log: Path) -> object:
    return MetricStore.from_lines(log_lines(log))


def _store_sets(log: Path) -> object:
    return MetricStore.from_lines(log_lines(log), distributions=())


WAYS: dict[str, Callable[[Path], object]] = {
    "json.loads alone": _parse_json,
    "strict reader": _read,
    "tolerant reader": _scan,
    "store, every value": _store_values,
    "store, statistic sets": _store_sets,
}


def measure_reading(log: Path, way: str) -> ReadingCost:
    """Read the log in one of the WAYS, in an interpreter of its own. Raises subprocess.CalledProcessError."""
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "--measure", way, "--log", str(log)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return ReadingCost(**json.loads(result.stdout))


def _measure_here(log: Path, way: str) -> ReadingCost:
    before = _memory_bytes("VmRSS")
    started = time.process_time()
    result = WAYS[way](log)  # held until the memory was looked at
    seconds = time.process_time() - started
    peak = _memory_bytes("VmHWM") - before
    del result
    return ReadingCost(sum(1 for _ in log_lines(log)), log.stat().st_size, seconds, peak)


def _memory_bytes(field: str) -> int:
    """Of this process, as Linux counts it: VmRSS now, VmHWM at its highest."""
    match = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match, f"no {field}"
    return int(match[1]) * 1024


def write_sample(log: Path, size: int) -> None:
    """A log of at least ``size`` bytes: requests for nine lines of ten, the rest of the worker."""
    rng = random.Random(7)  # noqa: S311 - a sample, no secret
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
            yield _request(api, rng)
        else:
            kind = rng.choice((JOB, QUEUE, WORKER_HEARTBEAT))
            metrics = {metric.name: rng.choice((0, 1, rng.uniform(0, 60_000))) for metric in kind.metrics}
            yield worker.line(kind, metrics, properties={"video_id": rng.randrange(10_000)})


def _request(api: RecordFormat, rng: random.Random) -> str:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100, help="size of the sample log")
    parser.add_argument("--log", type=Path, help="a log to read instead of a sample")
    parser.add_argument("--measure", choices=WAYS, help="measure one way here, as JSON")
    arguments = parser.parse_args()
    if arguments.measure:
        json.dump(asdict(_measure_here(arguments.log, arguments.measure)), sys.stdout)
        return
    with tempfile.TemporaryDirectory() as folder:
        log = arguments.log or Path(folder) / "sample.log"
        if not arguments.log:
            write_sample(log, arguments.megabytes * 1_000_000)
        _report(log)


def _report(log: Path) -> None:
    table = Table(title=f"Reading {log.stat().st_size / 1e6:.0f} MB of EMF lines on one core")
    for column in ("way", "lines/s", "MB/s", "memory at most"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way in WAYS:
        cost = min((measure_reading(log, way) for _ in range(ROUNDS)), key=lambda cost: cost.cpu_seconds)
        rate = cost.log_bytes / cost.cpu_seconds / 1e6
        table.add_row(way, f"{cost.lines_per_second:,.0f}", f"{rate:.0f}", f"{cost.peak_bytes / 1e6:.1f} MB")
    Console().print(table)


if __name__ == "__main__":
    main()
