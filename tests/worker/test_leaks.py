"""A job leaves nothing behind in its worker, however it ends."""

import io
import os
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from showcase.clips.clip_rules import unacceptable
from showcase.errors import UnacceptableClip
from tests.clips import Clips
from tests.leaks import check_leaves_nothing
from tests.records import new_video
from tests.worker.job_rig import JobRig
from worker.errors import EncodeFailed
from worker.job_record import Outcome
from worker.media.transcode import Transcoder

ORIGINAL_BYTES = 256 * 1024

Work = Callable[[threading.Event], None]


def failing(error: Exception) -> Work:
    def fail(_cancelled: threading.Event) -> None:
        raise error

    return fail


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_jobs_leave_nothing(rig: JobRig) -> None:
    handler = rig.handler()

    def do(work: Work, outcome: Outcome) -> None:
        rig.maker.on_work = work
        content = os.urandom(ORIGINAL_BYTES)
        entry = new_video(rig.database, content=content)
        rig.media.put_stream(entry.original_key, io.BytesIO(content))
        assert rig.outbox.send(entry)
        assert handler.handle(rig.receive()) is outcome

    def three_jobs() -> None:
        do(lambda _cancelled: None, Outcome.PROCESSED)
        do(failing(unacceptable("damaged")), Outcome.REFUSED)
        do(failing(EncodeFailed(-9, "out of memory")), Outcome.RETRY)

    check_leaves_nothing(three_jobs, rounds=8)
    assert rig.leftovers() == []


def test_encodes_leave_nothing(hurried: Transcoder, clips: Clips, tmp_path: Path, never: threading.Event) -> None:
    good, empty = clips.plain(), tmp_path / "empty.mp4"
    empty.touch()

    def transcode(clip: Path) -> Path | None:
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        return hurried.transcode(clip, folder, never, lambda _percent: None)

    def two_encodes() -> None:
        assert transcode(good)
        with pytest.raises(UnacceptableClip):
            transcode(empty)

    check_leaves_nothing(two_encodes, rounds=3, warm_up_rounds=1)
