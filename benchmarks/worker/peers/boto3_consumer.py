"""A consumer as the boto3 documentation shows it; run by an interpreter that has boto3."""

import json
import os
from typing import Any

import boto3


def handle(_job: dict[str, Any]) -> None:
    """Do nothing."""


def main() -> None:
    """Receive, handle and delete messages until the process is killed."""
    url = os.environ["PEER_QUEUE_URL"]
    sqs = boto3.client("sqs", endpoint_url=os.environ["PEER_ENDPOINT_URL"], region_name=os.environ["PEER_REGION"])
    print("ready", flush=True)
    while True:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in answer.get("Messages", []):
            handle(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main()
