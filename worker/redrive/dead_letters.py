"""The dead-letter queue, read message by message beside the rows that the messages are about.

What is to be done with a message follows from its row, and doing it twice does no harm: reopening is a guarded
update, a message too many is a duplicate that a claim suppresses, and the copy in the dead-letter queue goes last.
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

HIDDEN_SECONDS = 600  # how long a reader that was killed keeps the messages from the next one


class Handling(StrEnum):
    """What is to be done with a dead letter."""

    REOPEN = "reopen"  # its video was given up: fresh attempts, and the message again
    RESEND = "resend"  # its video waits or is in work: the message again
    DISCARD = "discard"  # nothing is left to do: processed, refused for good, or gone
    KEEP = "keep"  # not one of our messages: somebody should look at it


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message, and the row it is about. ``status`` is the row's, or ``gone``, or ``unreadable``."""

    delivery: Delivery
    reason: str
    message: JobMessage | None
    state: JobState | None
    status: str
    action: Handling

    @property
    def age_seconds(self) -> float:
        """Since the queue got it; of a message that SQS moved by itself, since it was first sent."""
        return max(0.0, time.time() - self.delivery.sent_at_ms / 1000)


class DeadLetters:
    """A context manager: what is read is hidden from other readers, and released at the end unless settled.

    ``queue`` is the dead-letter queue itself. Nothing is lost by whatever ends the block: at worst, messages
    stay hidden for HIDDEN_SECONDS.
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
        with suppress(Unavailable):  # then they come back by themselves
            for delivery in self._held.values():
                self._queue.release(delivery, 0)

    def read(self) -> Iterator[DeadLetter]:
        """Every message once. Raises Unavailable."""
        while batch := self._queue.receive(BATCH_MAX, hidden_seconds=HIDDEN_SECONDS):
            new = [delivery for delivery in batch if delivery.message_id not in self._held]
            # One that took so long that it came back is held by its newest handle.
            self._held |= {delivery.message_id: delivery for delivery in batch}
            yield from self._examine(new)

    def settle(self, letter: DeadLetter) -> None:
        """Do the letter's action. Raises Unavailable; run it again then, whatever was done before."""
        if letter.action is Handling.KEEP:
            return
        if letter.state and letter.action is not Handling.DISCARD:
            self._send_again(letter.state)
        self._queue.delete(letter.delivery)
        self._held.pop(letter.delivery.message_id, None)

    def given_up(self, video_id: uuid.UUID) -> JobState | None:
        """The video if it failed for a reason of ours, whether or not the queue has a letter of it.

        The letter goes missing when a run settles it between its copying and the failing of its row.
        """
        with self._database.reading() as connection:
            state = job_states(connection, [video_id]).get(video_id)
        return state if state and _action(state) is Handling.REOPEN else None

    def reopen(self, state: JobState) -> None:
        """Give a video that was given up all its attempts again. Raises Unavailable; run it again then."""
        self._send_again(state)

    def _send_again(self, state: JobState) -> None:
        # Reopening changes nothing unless the video is (still) given up: the message is harmless in any case.
        with self._database.writing() as connection:
            reopen(connection, state.video_id, state.task_id, code=GAVE_UP)
        entry = Entry(state.video_id, state.task_id, state.original_key, state.uploaded_at, state.request_id)
        if not self._outbox.send(entry):
            raise Unavailable("queue", f"send video {state.video_id}")

    def _examine(self, deliveries: list[Delivery]) -> list[DeadLetter]:
        messages = {delivery.message_id: _parse(delivery) for delivery in deliveries}
        video_ids = [message.video_id for message in messages.values() if isinstance(message, JobMessage)]
        with self._database.reading() as connection:
            states = job_states(connection, video_ids)
        return [self._judge(delivery, messages[delivery.message_id], states) for delivery in deliveries]

    def _judge(
        self, delivery: Delivery, message: JobMessage | UnreadableMessage, states: dict[uuid.UUID, JobState]
    ) -> DeadLetter:
        reason = delivery.reason or "moved by SQS: received too often"
        if isinstance(message, UnreadableMessage):
            return DeadLetter(delivery, delivery.reason or str(message), None, None, "unreadable", self._unreadable)
        state = states.get(message.video_id)
        if state is None or state.task_id != message.task_id:
            return DeadLetter(delivery, reason, message, None, "gone", Handling.DISCARD)
        return DeadLetter(delivery, reason, message, state, state.status, _action(state))


def _parse(delivery: Delivery) -> JobMessage | UnreadableMessage:
    try:
        return parse_message(delivery.body)
    except UnreadableMessage as error:
        return error


def _action(state: JobState) -> Handling:
    if state.status in (VideoStatus.UPLOADED, VideoStatus.PROCESSING):
        return Handling.RESEND
    gave_up = state.status == VideoStatus.FAILED and state.failure_code == GAVE_UP
    return Handling.REOPEN if gave_up else Handling.DISCARD
