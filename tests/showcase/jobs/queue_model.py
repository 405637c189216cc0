"""SQS in memory and in virtual time, with everything that a standard queue may do.

A message comes twice, late, in any order, or not at all. The answer to a send gets lost although the message was sent.
A sender dies before or after its send.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from showcase.aws import NEEDED, Budget
from showcase.errors import Unavailable
from showcase.jobs.job_message import JobMessage, parse_message
from showcase.jobs.job_queue import Delivery, JobQueue
from tests.showcase.jobs.virtual_time import VirtualClock

SENDS_MAX = 1000  # sends of one history; a correct history needs fewer


class ProcessDied(Exception):
    """The calling process dies. Nothing in the product catches this error."""


class Fate(StrEnum):
    """How a send ends."""

    CONFIRMED = "confirmed"
    AWAY = "away"  # not sent, and the sender gets an error
    ANSWER_LOST = "answer lost"  # sent, and the sender gets an error
    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"


def nothing(*_: object) -> None:
    """Do nothing: the default of ``meanwhile`` and ``on_confirmed``."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How the next send of a video ends. ``meanwhile`` is called after the send and before the sender's answer."""

    fate: Fate = Fate.CONFIRMED
    meanwhile: Callable[[], None] = nothing


CONFIRMED = Sending()


@dataclass(slots=True)
class _Message:
    latest: Delivery  # its newest receipt; before the first receive, one that no worker has
    visible_at: datetime


class QueueModel(JobQueue):
    """A JobQueue over a dict. ``on_confirmed`` is called with the video just before a sender gets its answer."""

    def __init__(
        self,
        clock: VirtualClock,
        *,
        visibility_seconds: float,
        on_confirmed: Callable[[UUID], None] = nothing,
        receive_count_max: int | None = None,
        dead_letters: "QueueModel | None" = None,
    ) -> None:
        self._clock = clock
        self._visibility_seconds = visibility_seconds
        self._on_confirmed = on_confirmed
        self._receive_count_max = receive_count_max
        self._dead_letters = dead_letters
        self._messages: dict[str, _Message] = {}
        self._numbers: Counter[UUID] = Counter()
        self.sendings: dict[UUID, Sending] = {}
        self.attempts: list[UUID] = []  # the videos of all sends, also of failed ones, in order
        self.kills_deleter = False  # the process that deletes next dies after it
        self.given_up = 0  # messages that were received too often
        self.honours_old_handles = False  # AWS' documentation says no, and users report yes

    def send(
        self, message: JobMessage, *, request_id: str = "", traceparent: str = "", within: Budget = NEEDED
    ) -> None:
        sending = self.sendings.pop(message.video_id, CONFIRMED)
        self.attempts.append(message.video_id)
        assert len(self.attempts) < SENDS_MAX, "a sweep does not end"
        if sending.fate is Fate.AWAY:
            raise Unavailable("queue", "send")
        if sending.fate is Fate.DIES_BEFORE:
            raise ProcessDied
        self.put(message.to_json(), request_id=request_id, traceparent=traceparent)
        sending.meanwhile()
        if sending.fate is Fate.ANSWER_LOST:
            raise Unavailable("queue", "send")
        if sending.fate is Fate.DIES_AFTER:
            raise ProcessDied
        self._on_confirmed(message.video_id)

    def put(self, body: str, *, request_id: str = "", reason: str = "", traceparent: str = "") -> None:
        """Put a message into the queue. Its id depends only on its video and on earlier messages of it."""
        video_id = parse_message(body).video_id
        self._numbers[video_id] += 1
        message_id = f"{video_id}-{self._numbers[video_id]:04d}"
        sent_at_ms = round(self._clock.now.timestamp() * 1000)
        unread = Delivery(body, message_id, f"{message_id}-0", 0, sent_at_ms, request_id, reason, traceparent)
        self._messages[message_id] = _Message(unread, self._clock.now)

    def receive(self, count_max: int, *, hidden_seconds: int | None = None) -> list[Delivery]:
        return [self._deliver(message_id, hidden_seconds) for message_id in self.visible()[:count_max]]

    def receive_any(self, pick: int, *, twice: bool = False) -> Delivery | None:
        """Receive one of the visible messages. With ``twice`` it stays visible, and is received again."""
        visible = self.visible()
        return self._deliver(visible[pick % len(visible)], 0 if twice else None) if visible else None

    def is_waiting(self) -> bool:
        """True if a message is visible, even if it will go to the dead letters."""
        return any(message.visible_at <= self._clock.now for message in self._messages.values())

    def visible(self) -> list[str]:
        """The ids of the messages that can be received. Those received too often first go to the dead letters."""
        found = sorted(id_ for id_, message in self._messages.items() if message.visible_at <= self._clock.now)
        return [id_ for id_ in found if not self._moves_to_dead_letters(id_)]

    def _moves_to_dead_letters(self, message_id: str) -> bool:
        latest = self._messages[message_id].latest
        if self._dead_letters is None or latest.receive_count < (self._receive_count_max or 0):
            return False
        self._dead_letters.put(latest.body, request_id=latest.request_id, traceparent=latest.traceparent)
        self.given_up += 1
        del self._messages[message_id]
        return True

    def _deliver(self, message_id: str, hidden_seconds: int | None) -> Delivery:
        message = self._messages[message_id]
        count = message.latest.receive_count + 1
        message.latest = replace(message.latest, receive_count=count, receipt_handle=f"{message_id}-{count}")
        message.visible_at = self._clock.after(self._visibility_seconds if hidden_seconds is None else hidden_seconds)
        return message.latest

    def _of(self, delivery: Delivery) -> _Message | None:
        message = self._messages.get(delivery.message_id)
        current = message is not None and message.latest.receipt_handle == delivery.receipt_handle
        return message if current or self.honours_old_handles else None

    def extend(self, deliveries: Iterable[Delivery], seconds: int) -> list[Delivery]:
        lost = []
        for delivery in deliveries:
            message = self._of(delivery)
            if message is None:
                lost.append(delivery)
            else:
                message.visible_at = self._clock.after(seconds)
        return lost

    def release(self, delivery: Delivery, delay_seconds: int) -> None:
        self.extend([delivery], delay_seconds)

    def release_all(self, deliveries: Iterable[Delivery], delay_seconds: int) -> None:
        self.extend(deliveries, delay_seconds)

    def delete(self, delivery: Delivery) -> None:
        if self._of(delivery):
            del self._messages[delivery.message_id]
        if self.kills_deleter:
            self.kills_deleter = False
            raise ProcessDied

    def copy_to_dead_letters(self, delivery: Delivery, reason: str) -> None:
        assert self._dead_letters is not None
        self._dead_letters.put(delivery.body, reason=reason)

    def receive_of(self, video_id: UUID) -> Delivery | None:
        """Receive a visible message of this video."""
        found = [id_ for id_ in self.visible() if id_.startswith(str(video_id))]
        return self._deliver(found[0], None) if found else None

    def lose(self, video_id: UUID) -> None:
        """Lose all messages of this video, confirmed or not, as by the end of retention or a purge."""
        self._messages = {id_: m for id_, m in self._messages.items() if not id_.startswith(str(video_id))}

    def videos(self) -> set[UUID]:
        """The videos with a message in the queue, visible or not."""
        return {parse_message(message.latest.body).video_id for message in self._messages.values()}

    def next_visible_at(self) -> datetime | None:
        """The time when the next hidden message becomes visible."""
        hidden = [m.visible_at for m in self._messages.values() if m.visible_at > self._clock.now]
        return min(hidden, default=None)
