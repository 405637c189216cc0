"""``python -m local.smoke URL``: does a deployed system work, from sign-up to the metric of a published clip?"""

import argparse
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import httpx
from botocore.exceptions import BotoCoreError, ClientError

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from cloudwatch.emf import read_lines, whole_lines
from local.client import ApiClient, PlayerAccount, RefusedByApi, signed_in_client
from local.sample_clip import render_sample
from showcase.errors import ShowcaseError
from worker.media.encoder import find_encoder

LOOK_SECONDS = 2.0
METRIC = "VideosProcessed"
SERVICE = {"Name": "Service", "Value": "worker"}

DESCRIPTION = """\
Check that a deployed system works: sign up, log in, upload a clip, wait until it is processed and published, and wait
until the metric of its publication has arrived.
"""
NOTES = """\
The check leaves an account and a published video "Prueba de humo" behind, because the owner of a processed video
cannot delete it.
"""
EXAMPLES = [
    ("https://api.example.com", "the deployed system"),
    ("http://127.0.0.1:8080 --metrics-log .local/up/emf.log", "the system of `make up`"),
]
EXIT_CODES = {
    ExitCode.DONE: "every step worked",
    ExitCode.FAILED: "a step did not work; the text says which",
}


class NotWorking(Exception):
    """A step does not work; the message is a sentence that says which."""


EXPECTED_ERRORS = (
    *(NotWorking, RefusedByApi, ShowcaseError, RuntimeError, OSError),
    *(httpx.HTTPError, BotoCoreError, ClientError),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the system at the URL; return an ExitCode."""
    parser = command_parser("local.smoke", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("url", metavar="URL", help="of the API; an output of the stack api.yaml")
    parser.add_argument("--clip", type=Path, help="the clip to upload (default: a sample is rendered)")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long to wait for clip and metric (default 15)")
    parser.add_argument("--namespace", default="ANB/RisingStars", help="of the metrics (default ANB/RisingStars)")
    parser.add_argument("--region", default="us-east-1", help="of CloudWatch (default us-east-1)")
    parser.add_argument("--metrics-log", type=Path, help="read the metric in this EMF log instead of CloudWatch")
    asked = parser.parse_args(arguments)
    for file in (asked.clip, asked.metrics_log):
        if file and not file.is_file():
            parser.error(f"{file} is not a file")
    screen = Screen()
    try:
        _check_steps(asked, screen)
    except EXPECTED_ERRORS as error:
        screen.fail(f"✗ {error or type(error).__name__}")
        return ExitCode.FAILED
    screen.good("✓ the system works")
    return ExitCode.DONE


def _check_steps(asked: argparse.Namespace, screen: Screen) -> None:
    began, deadline = datetime.now(UTC), time.monotonic() + asked.minutes * 60
    published_before = _count_published(asked, began)
    ready = httpx.get(f"{asked.url.rstrip('/')}/api/health/ready", timeout=30)
    if ready.status_code != 200:
        raise NotWorking(f"the API is not ready: {ready.status_code} {ready.text[:500]}")
    screen.good("✓ the API is ready: database, queue and storage answer")
    account = PlayerAccount("Prueba", "De Humo", f"smoke.{uuid.uuid4().hex}@example.com", "Bogotá")
    with signed_in_client(asked.url, account) as client, tempfile.TemporaryDirectory() as directory:
        screen.good("✓ signed up and logged in")
        clip = asked.clip or render_sample(find_encoder(None).path, Path(directory) / "smoke.mp4")
        video_id = client.upload(clip, "Prueba de humo")
        screen.good(f"✓ accepted as video {video_id}")
        _wait(lambda: _is_processed(client, video_id), f"video {video_id} was not processed", deadline)
        screen.good("✓ processed, and published")
    where = asked.metrics_log or "CloudWatch"
    _wait(
        lambda: _count_published(asked, began) > published_before,
        f"no {METRIC} arrived in {where}",
        deadline,
    )
    screen.good(f"✓ {METRIC} arrived")


def _is_processed(client: ApiClient, video_id: str) -> bool:
    video = client.video(video_id)
    if video["status"] == "failed":
        raise NotWorking(f"the clip was refused: {video['failure_reason']}")
    return bool(video["status"] == "processed")


def _count_published(asked: argparse.Namespace, began: datetime) -> float:
    """The sum of the metric: of the whole log, or in CloudWatch since the minute before ``began``."""
    if asked.metrics_log:
        points = read_lines(whole_lines(asked.metrics_log))
        return sum(sum(point.values) for point in points if point.name == METRIC)
    statistics = boto3.client("cloudwatch", region_name=asked.region).get_metric_statistics(
        Namespace=asked.namespace,
        MetricName=METRIC,
        Dimensions=[SERVICE],
        StartTime=began - timedelta(minutes=1),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in statistics["Datapoints"]))


def _wait(is_so: Callable[[], bool], otherwise: str, deadline: float) -> None:
    while not is_so():
        if time.monotonic() > deadline:
            raise NotWorking(f"{otherwise} in time")
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
