"""``python -m local.smoke URL``: does a deployed system work, from sign-up to the metric of a published clip?"""

import argparse
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import httpx
from botocore.exceptions import BotoCoreError, ClientError

from cloudwatch.emf import read_lines
from local.client import ApiClient, PlayerAccount, RefusedByApi
from local.sample_clip import render_sample
from worker.media.encoder import find_encoder

LOOK_SECONDS = 2.0
METRIC = "VideosProcessed"
SERVICE = {"Name": "Service", "Value": "worker"}

EPILOG = """\
It leaves an account and a published video "Prueba de humo" behind: a processed video cannot be deleted by its owner.

examples:
  python -m local.smoke https://api.example.com
  python -m local.smoke http://127.0.0.1:8080 --metrics-log .local/up/emf.log     the system of `make up`

exit codes:
  0  everything worked
  1  something did not; what it was is said
  2  wrong usage
"""


class NotWorking(Exception):
    """The sentence that says what does not work."""


def main(arguments: list[str] | None = None) -> int:
    """Run the smoke test; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    try:
        _smoke(asked)
    except (NotWorking, RefusedByApi, httpx.HTTPError, BotoCoreError, ClientError, OSError) as error:
        print(f"✗ {error or type(error).__name__}", file=sys.stderr)
        return 1
    print("✓ the system works")
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m local.smoke",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", metavar="URL", help="of the API, as the stack api.yaml puts it out")
    parser.add_argument("--clip", type=Path, help="the clip to upload (default: one that is drawn here)")
    parser.add_argument("--minutes", type=float, default=15.0, help="to wait for clip and metric (default 15)")
    parser.add_argument("--namespace", default="ANB/RisingStars", help="of the metrics in CloudWatch")
    parser.add_argument("--region", default="us-east-1", help="of CloudWatch (default us-east-1)")
    parser.add_argument("--metrics-log", type=Path, help="look into this EMF log instead of CloudWatch")
    return parser.parse_args(arguments)


def _smoke(asked: argparse.Namespace) -> None:
    began, deadline = datetime.now(UTC), time.monotonic() + asked.minutes * 60
    counted_before = _count(asked, began)
    client = ApiClient(asked.url)
    try:
        _check_ready(asked.url)
        account = PlayerAccount("Prueba", "De Humo", f"smoke.{uuid.uuid4().hex}@example.com", "Bogotá")
        client.sign_up(account)
        client.log_in(account)
        print("✓ signed up and logged in")
        video_id = _upload(client, asked.clip)
        print(f"✓ accepted as video {video_id}")
        _wait(lambda: _is_processed(client, video_id), f"video {video_id} was not processed", deadline)
        print("✓ processed, and published")
    finally:
        client.close()
    where = asked.metrics_log or "CloudWatch"
    _wait(lambda: _count(asked, began) > counted_before, f"no {METRIC} arrived in {where}", deadline)
    print(f"✓ {METRIC} arrived")


def _check_ready(url: str) -> None:
    answer = httpx.get(f"{url.rstrip('/')}/api/health/ready", timeout=30)
    if answer.status_code != 200:
        raise NotWorking(f"the API is not ready: {answer.status_code} {answer.text[:500]}")
    print("✓ the API is ready: database, queue and storage answer")


def _upload(client: ApiClient, clip: Path | None) -> str:
    if clip is not None:
        return client.upload(clip, "Prueba de humo")
    with tempfile.TemporaryDirectory() as directory:
        return client.upload(render_sample(find_encoder(None).path, Path(directory) / "smoke.mp4"), "Prueba de humo")


def _is_processed(client: ApiClient, video_id: str) -> bool:
    video = client.video(video_id)
    if video["status"] == "failed":
        raise NotWorking(f"the clip was refused: {video['failure_reason']}")
    return bool(video["status"] == "processed")


def _count(asked: argparse.Namespace, began: datetime) -> float:
    return _in_log(asked.metrics_log) if asked.metrics_log else _in_cloudwatch(asked, began)


def _in_log(log: Path) -> float:
    with log.open() as lines:
        return sum(sum(point.values) for point in read_lines(lines) if point.name == METRIC)


def _in_cloudwatch(asked: argparse.Namespace, began: datetime) -> float:
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
