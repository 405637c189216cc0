"""A message only names the video. The key of its clip comes from the row."""

import pytest

from showcase.jobs.job_message import JobMessage
from tests.records import original_of
from tests.worker.job_rig import JobRig, result_of
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
def test_the_worker_fetches_the_object_of_the_row_and_ignores_the_path_in_the_message(
    rig: JobRig, video_path: str
) -> None:
    entry = rig.accepted_video()
    rig.queue.delete(rig.receive())
    rig.queue.send(JobMessage(entry.video_id, entry.task_id, video_path, entry.uploaded_at))
    assert rig.handler().handle(rig.receive()) is Outcome.PROCESSED
    result = rig.emulator.s3.get_object(Bucket=rig.media.bucket, Key=result_of(entry))
    assert result["Body"].read() == original_of(entry.video_id)
