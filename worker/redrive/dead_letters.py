"""Reads the messages of the dead-letter queue together with the rows of their videos.

The row of its video decides what to do with a message. Doing it twice is harmless: reopening is a guarded update, a
claim suppresses a duplicate message, and the copy in the dead-letter queue is deleted last.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from showcase.database.engine import Database
from showcase.database.tables import VideoStatus
from showcase.errors import Unavailable, UnreadableMessage
from showcase.jobs.job_message import JobMessage, parse_message
from showcase.jobs.job_queue import BATCH_MAX, Delivery, JobQueue
from showcase.jobs.jobs import GAVE_UP, JobState, job_states, reopen
from showcase.jobs.outbox import Entry, Outbox

HIDDEN_SECONDS = 600  # messages that are being read are hidden for this time, also if the reader is killed


class Handling(StrEnum):
    """What to do with a dead letter."""

    REOPEN = "reopen"  # its video failed after all attempts: reset the attempts and send the message again
    RESEND = "resend"  # its video waits or is in work: send the message again
    DISCARD = "discard"  # its video is processed, refused or gone: delete the message
    KEEP = "keep"  # it is not a job message: leave it for a person


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message and the row of its video. ``status`` is the row's, ``gone`` or ``unreadable``."""

    delivery: Delivery
    reason: str
    message: JobMessage | None
    state: JobState | None
    status: str
    action: Handling

    @property
    def age_seconds(self) -> float:
        """Seconds since the dead-letter queue got it. If SQS itself moved it: seconds since it was first sent."""
        return max(0.0, time.time() - self.delivery.sent_at_ms / 1000)


class DeadLetters:
    """A context manager. Messages that are read are hidden from other readers, and released at the end unless settled.

    ``queue`` is the dead-letter queue. An abrupt end of the process loses nothing: messages stay hidden for
    HIDDEN_SECONDS at most.
    """

    def __init__(self, database: Database, queue: JobQueue, outbox: Outbox, *, discards_unreadable: bool) -> None:
        self._database = database
        self._queue = queue
        self._outbox = outbox
        self._unreadable = Handling.DISCARD if discards_unreadable else Handling.KEEP
        self._held: dict[str, Delivery] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Unavailable):  # if this fails, they become visible after HIDDEN_SECONDS
            self._queue.release_all(self._held.values(), 0)

    def read(self) -> Iterator[DeadLetter]:
        """Yield each message once. Raises Unavailable."""
        while batch := self._queue.receive(BATCH_MAX, hidden_seconds=HIDDEN_SECONDS):
            new = [delivery for delivery in batch if delivery.message_id not in self._held]
            # A message that became visible again meanwhile is released by its newest handle.
            self._held |= {delivery.message_id: delivery for delivery in batch}
            yield from self._examine(new)

    def settle(self, letter: DeadLetter) -> None:
        """Do the letter's action. Raises Unavailable; it is safe to repeat after any partial success."""
        if letter.action is Handling.KEEP:
            return
        if letter.state and letter.action is not Handling.DISCARD:
            self.reopen(letter.state)
        self._queue.delete(letter.delivery)
        self._held.pop(letter.delivery.message_id, None)

    def given_up(self, video_id: uuid.UUID) -> JobState | None:
        """The video, if it failed after all its attempts. The queue may have no letter of it.

        A letter is missing if a run settled it after a worker copied it, but before the worker failed the row.
        """
        with self._database.reading() as connection:
            state = job_states(connection, [video_id]).get(video_id)
        return state if state and _handling(state) is Handling.REOPEN else None

    def reopen(self, state: JobState) -> None:
        """Reset the attempts if the video failed after all of them, and send its message in any case.

        A message that is not needed is harmless. Raises Unavailable; it is safe to repeat then.
        """
        with self._database.writing() as connection:
            reopen(connection, state.video_id, state.task_id, code=GAVE_UP)
        try:
            self._outbox.deliver(Entry.of_row(state))
        except Unavailable as error:
            raise Unavailable(error.dependency, f"send video {state.video_id}", kind=error.kind) from error

    def _examine(self, deliveries: list[Delivery]) -> list[DeadLetter]:
        """The letters of these deliveries. The rows of all their videos are read at once."""
        messages = [_parse(delivery) for delivery in deliveries]
        video_ids = [message.video_id for message in messages if isinstance(message, JobMessage)]
        with self._database.reading() as connection:
            states = job_states(connection, video_ids)
        return [self._judge(delivery, message, states) for delivery, message in zip(deliveries, messages, strict=True)]

    def _judge(
        self, delivery: Delivery, message: JobMessage | UnreadableMessage, states: dict[uuid.UUID, JobState]
    ) -> DeadLetter:
        reason = delivery.reason or "moved by SQS: received too often"
        if isinstance(message, UnreadableMessage):
            return DeadLetter(delivery, delivery.reason or str(message), None, None, "unreadable", self._unreadable)
        state = states.get(message.video_id)
        if state is None or state.task_id != message.task_id:
            return DeadLetter(delivery, reason, message, None, "gone", Handling.DISCARD)
        return DeadLetter(delivery, reason, message, state, state.status, _handling(state))


def _parse(delivery: Delivery) -> JobMessage | UnreadableMessage:
    try:
        return parse_message(delivery.body)
    except UnreadableMessage as error:
        return error


def _handling(state: JobState) -> Handling:
    if state.status in (VideoStatus.UPLOADED, VideoStatus.PROCESSING):
        return Handling.RESEND
    gave_up = state.status == VideoStatus.FAILED and state.failure_code == GAVE_UP
    return Handling.REOPEN if gave_up else Handling.DISCARD
