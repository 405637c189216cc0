"""The settings of a worker as environment variables, for tests that run commands as an operator does."""

from pathlib import Path

from local.system.aws_emulator import CREDENTIALS, REGION, AwsEmulator, Queues
from tests.fixtures import VISIBILITY_SECONDS


def worker_variables(
    emulator: AwsEmulator, queues: Queues, *, database_url: str, bucket: str, directory: Path
) -> dict[str, str]:
    """The variables of a worker that runs on the emulator. EMF records go to ``emf.log`` in the directory."""
    return {
        **CREDENTIALS,
        "ANB_DATABASE_URL": database_url,
        "ANB_AWS_ENDPOINT_URL": emulator.url,
        "ANB_BUCKET": bucket,
        "ANB_EMF_DESTINATION": f"file:{directory / 'emf.log'}",
        "ANB_WORK_DIRECTORY": str(directory / "work"),
        "ANB_HEARTBEAT_SECONDS": "5",
        "sqs_queue_url": queues.jobs,
        "sqs_dead_letter_queue_url": queues.dead_letter,
        "sqs_region": REGION,
        "sqs_visibility_timeout": str(VISIBILITY_SECONDS),
        "sqs_max_receive_count": "5",  # of the fixture ``queues``
    }
