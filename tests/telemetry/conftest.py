"""Fixtures of the telemetry tests: receivers that are closed after the test, and processes that record."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from telemetry.recorder import RecordFormat
from tests.telemetry.receivers import Agent, StalledAgent, StalledPipe

ROOT = Path(__file__).resolve().parent.parent.parent

StartEmitter = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def record_format() -> RecordFormat:
    return RecordFormat(namespace="Test", service="test", log_group="test-group")


@pytest.fixture
def start_agent() -> Iterator[Callable[..., Agent]]:
    """Starts agents that read, on a given port or on a free one."""
    with ExitStack() as stack:

        def start(port: int = 0) -> Agent:
            agent = Agent(port)
            stack.callback(agent.close)
            return agent

        yield start


@pytest.fixture
def stalled_agent() -> Iterator[StalledAgent]:
    agent = StalledAgent()
    yield agent
    agent.leave()


@pytest.fixture
def stalled_pipe() -> Iterator[StalledPipe]:
    """A pipe without a reader. The test closes its reading end with ``leave()``, and the fixture its writing end."""
    pipe = StalledPipe()
    yield pipe
    os.close(pipe.writer)


@pytest.fixture
def start_emitter() -> Iterator[StartEmitter]:
    """Starts ``tests.telemetry.emit`` with arguments. Processes that still run after the test are killed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with ExitStack() as stack:

        def start(*arguments: object, stdout: int | None = None) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.telemetry.emit", *map(str, arguments)],
                cwd=ROOT,
                env=environment,
                stdout=stdout,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start
