"""A message only says which video: where its clip lies, the row knows."""

import pytest

from showcase.jobs.job_message import JobMessage
from tests.records import original_of
from tests.worker.workshop import Workshop, result_of
from worker.job_record import Outcome


@pytest.mark.parametrize(
    "video_path",
    [
        "s3://another-bucket/secrets.mp4",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "file:///etc/passwd",
        "../../etc/passwd",
        "",
    ],
)
def test_the_worker_fetches_the_object_of_the_row_whatever_path_the_message_gives(
    workshop: Workshop, video_path: str
) -> None:
    entry = workshop.accepted_video()
    workshop.queue.delete(workshop.receive())
    workshop.queue.send(JobMessage(entry.video_id, entry.task_id, video_path, entry.uploaded_at))
    assert workshop.handler().handle(workshop.receive()) is Outcome.PROCESSED
    result = workshop.emulator.s3.get_object(Bucket=workshop.media.bucket, Key=result_of(entry))
    assert result["Body"].read() == original_of(entry.video_id)
