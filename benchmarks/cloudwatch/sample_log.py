"""A sample of the product's EMF log, of any size."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

from telemetry.catalogue import API_REQUEST, JOB, QUEUE, WORKER_HEARTBEAT
from telemetry.recorder import RecordFormat

SAMPLE_KINDS = 2_000  # different lines; each is repeated with other times and latencies
REQUESTS_A_SECOND = 50
ROUTES = ("GET /api/videos", "GET /api/videos/{video_id}", "POST /api/videos/upload", "GET /api/public/rankings")


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
            yield worker.line(kind, metrics, properties={name: rng.randrange(10_000) for name in kind.properties[:1]})


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
