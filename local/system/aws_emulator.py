"""moto's server as a process of its own, with the queues and the bucket that the product needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from local.system.processes import ManagedProcess, answers, free_port

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
BUCKET = "anb-local"
START_SECONDS = 30.0
# moto accepts any credentials, and boto3 must not look for real ones.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Queues:
    """URLs of the two queues."""

    jobs: str
    dead_letter: str


class AwsEmulator:
    """SQS and S3 on loopback. Its contents live as long as its process."""

    def __init__(self, log: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = ManagedProcess("moto.server", ["-H", "127.0.0.1", "-p", str(self.port)], CREDENTIALS, log)
        self._process.wait_until(lambda: answers(self.port), "listening", START_SECONDS)

    @cached_property
    def sqs(self) -> "SQSClient":
        """A client for whoever looks into the emulator; the product uses its own."""
        return emulator_session().client("sqs", endpoint_url=self.url)

    @cached_property
    def s3(self) -> "S3Client":
        return emulator_session().client("s3", endpoint_url=self.url)

    def create_queues(self, name: str, *, visibility_seconds: int, receive_count_max: int) -> Queues:
        """A queue and its dead-letter queue, wired as in production."""
        sqs = self.sqs
        dead_letter = sqs.create_queue(QueueName=f"{name}-dlq", Attributes={"MessageRetentionPeriod": "1209600"})
        arn = sqs.get_queue_attributes(QueueUrl=dead_letter["QueueUrl"], AttributeNames=["QueueArn"])
        redrive = {
            "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
            "maxReceiveCount": str(receive_count_max),
        }
        attributes: Mapping[str, str] = {
            "VisibilityTimeout": str(visibility_seconds),
            "RedrivePolicy": json.dumps(redrive),
        }
        jobs = sqs.create_queue(QueueName=name, Attributes=attributes)  # type: ignore[arg-type]
        return Queues(jobs["QueueUrl"], dead_letter["QueueUrl"])

    def create_bucket(self, name: str = BUCKET) -> str:
        self.s3.create_bucket(Bucket=name)
        return name

    def stop(self) -> None:
        self._process.stop(5)


def emulator_session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106
        region_name=REGION,
    )
