"""Reopens videos that failed, by the code and the time of their failure. No dead letter is needed.

Only the row decides. Doing it twice is harmless, because reopening is a guarded update of a row that has failed.
"""

from collections.abc import Iterator

from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.jobs.failures import FailedVideo, Failures, find_failed
from showcase.jobs.jobs import reopen
from showcase.jobs.outbox import Entry, Outbox


class FailedVideos:
    """The failed videos that the options of the command name."""

    def __init__(self, database: Database, outbox: Outbox, failures: Failures) -> None:
        self._database = database
        self._outbox = outbox
        self._failures = failures

    def read(self) -> Iterator[FailedVideo]:
        """Yield each video once, the oldest failure first. Raises Unavailable."""
        return find_failed(self._database, self._failures)

    def reopen(self, video: FailedVideo) -> bool:
        """Give the video all its attempts again, and send its message. False if it no longer has that failure.

        Raises Unavailable. If only the queue is away, the video is open, and a sweeper will send its message.
        """
        with self._database.writing() as connection:
            is_open = reopen(connection, video.video_id, video.task_id, code=video.failure_code)
        if not is_open:
            return False
        if not self._outbox.send(Entry.of_row(video)):
            raise Unavailable("queue", f"send video {video.video_id}")
        return True
