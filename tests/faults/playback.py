"""Servers that record the answers of AWS, play them back, and send false ones; and calls with one false answer."""

import random
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.system.ec2_stub import Answer, Asked, AwsProxy, Imds, Stub
from showcase.errors import Unavailable
from tests.faults.facade_calls import FacadeCall, Rig
from tests.faults.lies import LIES, Lie

INVOCATION = "amz-sdk-invocation-id"  # the same in all tries of one request
CONFIRMED = Answer(204, b"", {"x-amz-request-id": "id"})  # for requests that come after a lie, for example an abort


class WholeAws(AwsProxy):
    """All of AWS that the product uses, and the metadata service, behind one URL."""

    def __init__(self, emulator_url: str, imds: Imds) -> None:
        super().__init__(emulator_url)
        self._imds = imds

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("X-Amz-Target") == "AmazonSQS.StartMessageMoveTask":  # moto does not have it
            headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "id"}
            return Answer(200, b'{"TaskHandle": "handle"}', headers)
        return self._imds.answer(asked) if asked.path.startswith("/latest/") else super().answer(asked)


class RecordedAws(WholeAws):
    """Keeps the last answer to each request."""

    def __init__(self, emulator_url: str, imds: Imds) -> None:
        super().__init__(emulator_url, imds)
        self.answers: dict[str, Answer] = {}

    def answer(self, asked: Asked) -> Answer:
        given = super().answer(asked)
        self.answers[asked.headers.get(INVOCATION) or f"{len(self.answers)}"] = given
        return given


class LyingAws(WholeAws):
    """While ``lying`` is set, each answer is a lie. Half of the requests are carried out nevertheless."""

    def __init__(self, emulator_url: str, imds: Imds) -> None:
        super().__init__(emulator_url, imds)
        self.lying = threading.Event()
        self.told: Counter[str] = Counter()  # lies by their names
        self._choose = random.Random(4)
        self._choosing = threading.Lock()

    def answer(self, asked: Asked) -> Answer:
        if not self.lying.is_set():
            return super().answer(asked)
        with self._choosing:
            name, is_carried_out = self._choose.choice(list(LIES)), self._choose.random() < 0.5
            self.told[name] += 1
        return LIES[name](super().answer(asked) if is_carried_out else Answer(200, b"nothing"))


class Playback(Stub):
    """Plays answers back: one for each request, the same for its repetitions."""

    def play(self, answers: tuple[Answer, ...]) -> None:
        self._answers = answers
        self._numbers: dict[str, int] = {}

    @property
    def count(self) -> int:
        """How many requests came; a repetition does not count."""
        return len(self._numbers)

    def answer(self, asked: Asked) -> Answer:
        request = asked.headers.get(INVOCATION) or f"{len(self._numbers)}"
        number = self._numbers.setdefault(request, len(self._numbers))
        return self._answers[number] if number < len(self._answers) else CONFIRMED


@dataclass(frozen=True)
class Recording:
    """A call with true answers: its input, the answers, and its result."""

    call: FacadeCall
    prepared: Any
    answers: tuple[Answer, ...]
    returned: object


@dataclass(frozen=True)
class Case:
    """A call in which one answer is a lie."""

    recording: Recording
    answers: tuple[Answer, ...]
    description: str


def case_of(recording: Recording, at: int, what: str, lie: Lie) -> Case:
    """The case in which ``lie`` changes the answer to request number ``at``."""
    *answers, last = recording.answers[: at + 1]
    description = f"{recording.call.name}, {recording.call.steps[at].operation}, {what}"
    return Case(recording, (*answers, lie(last), *recording.answers[at + 1 :]), description)


def record(aws: RecordedAws, rig: Rig, call: FacadeCall) -> Recording:
    prepared = call.prepare(rig)
    aws.answers.clear()
    returned = call.call(rig, prepared)
    answers = tuple(aws.answers.values())
    assert len(answers) == len(call.steps), f"{call.name} makes {len(answers)} requests"
    return Recording(call, prepared, answers, returned)


class Player:
    """A server that plays back, with facades over it."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self._server = stack.enter_context(Playback()).start()
        self._rig = Rig(self._server.url, directory)

    def failures(self, cases: list[Case]) -> list[str]:
        """For each case in which no Unavailable was raised, what was raised or returned instead."""
        return [failure for failure in map(self._failure, cases) if failure]

    def _failure(self, case: Case) -> str:
        expected: tuple[type[Exception], ...] = (Unavailable, *case.recording.call.documented)
        try:
            returned, _count = self.replay(case.recording, case.answers)
        except expected:
            return ""
        except Exception as error:  # noqa: BLE001 - any other error is what the test looks for
            return f"{case.description}: {type(error).__name__}: {error}"
        return f"{case.description}: returned {returned!r}"

    def replay(self, recording: Recording, answers: tuple[Answer, ...]) -> tuple[object, int]:
        """What the call returns with these answers, and how many requests it makes."""
        self._server.play(answers)
        return recording.call.call(self._rig, recording.prepared), self._server.count
