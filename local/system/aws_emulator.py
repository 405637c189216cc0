"""The AWS emulator: moto's server as a process, with the queues and the bucket that the product needs."""

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
    """The URLs of a queue of jobs and its dead-letter queue."""

    jobs: str
    dead_letter: str


class AwsEmulator:
    """SQS, S3 and Auto Scaling on loopback. All contents are in memory and end with the process."""

    def __init__(self, log: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = ManagedProcess("moto.server", ["-H", "127.0.0.1", "-p", str(self.port)], CREDENTIALS, log)
        self._process.wait_until(lambda: answers(self.port), "listening", START_SECONDS)

    @cached_property
    def sqs(self) -> "SQSClient":
        """A client for tests and tools that read or change the queues; the product has a client of its own."""
        return emulator_session().client("sqs", endpoint_url=self.url)

    @cached_property
    def s3(self) -> "S3Client":
        """A client for tests and tools that read or change the bucket."""
        return emulator_session().client("s3", endpoint_url=self.url)

    def create_queues(self, name: str, *, visibility_seconds: int, receive_count_max: int) -> Queues:
        """Create a queue and its dead-letter queue, with a redrive policy as in production."""
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
        """Create an empty bucket; return its name."""
        self.s3.create_bucket(Bucket=name)
        return name

    def stop(self) -> None:
        self._process.stop(5)


def emulator_session() -> boto3.session.Session:
    """A boto3 session with the emulator's credentials and region."""
    return boto3.session.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106
        region_name=REGION,
    )
