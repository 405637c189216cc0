"""Deadlines of calls: a peer that never answers, or drips, ends no later than the deadline, in every library."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text

from local.system.ec2_stub import Answer, Asked, Imds
from showcase import deadlines
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.deadlines import DEADLINES, Deadline, DeadlinePassed, limited, unlimited
from showcase.errors import Unavailable
from showcase.jobs.job_queue import JobQueue
from showcase.storage.media_store import MediaStore
from tests.faults.freezing_relay import FreezingRelay
from worker.ec2.instance import InstanceMetadata

SECONDS = 1.0  # the deadline of every call in these tests
ENOUGH = 8.0  # for a busy machine; without deadlines the calls take 15 s and more, or never end


@dataclass
class SilentPeer:
    """Accepts connections and never answers; ``drip`` is a byte that it sends again and again."""

    drip: bytes = b""
    preamble: bytes = b""
    _open: list[socket.socket] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(self.preamble)
            while self.drip:
                connection.sendall(self.drip)
                time.sleep(0.05)

    @property
    def connections(self) -> int:
        """How many were accepted so far. A call that is tried again makes another one."""
        return len(self._open)

    def close(self) -> None:
        self._server.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def peer() -> Iterator[Callable[..., SilentPeer]]:
    peers: list[SilentPeer] = []

    def make(**options: bytes) -> SilentPeer:
        peers.append(SilentPeer(**options))
        return peers[-1]

    yield make
    for each in peers:
        each.close()


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    short = {name: Deadline(SECONDS, each.consequence) for name, each in deadlines.DEADLINES.items()}
    for module in ("showcase.aws", "showcase.database.engine", "worker.ec2.instance"):
        monkeypatch.setattr(f"{module}.DEADLINES", short)


@contextmanager
def ends_in_time() -> Iterator[None]:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        yield
    assert time.monotonic() - began < ENOUGH


HTTP_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
PEERS: dict[str, dict[str, bytes]] = {
    "never answers": {},
    "drips headers": {"preamble": HTTP_HEAD, "drip": b"X"},
    "drips a body": {"preamble": HTTP_HEAD + b"Content-Length: 1000000\r\n\r\n", "drip": b" "},
}


@pytest.mark.parametrize("options", PEERS.values(), ids=PEERS)
def test_a_call_of_the_queue_ends_at_its_deadline(
    aws_credentials: None, peer: Callable[..., SilentPeer], options: dict[str, bytes]
) -> None:
    url = f"http://127.0.0.1:{peer(**options).port}"
    queue = JobQueue(Aws("us-east-1", url), f"{url}/1/jobs", f"{url}/1/dead", poll_seconds=1)
    with ends_in_time():
        queue.depth()
    with ends_in_time():
        queue.receive(1)


@pytest.mark.parametrize("options", PEERS.values(), ids=PEERS)
def test_a_call_of_the_storage_ends_at_its_deadline(
    aws_credentials: None, peer: Callable[..., SilentPeer], options: dict[str, bytes], tmp_path: Path
) -> None:
    media = MediaStore(Aws("us-east-1", f"http://127.0.0.1:{peer(**options).port}"), "clips")
    for call in (
        lambda: media.download("a", tmp_path / "clip"),
        lambda: media.read_range("a", 0, 10),
        lambda: media.put_file("a", Path(__file__)),
    ):
        with ends_in_time():
            call()


@pytest.mark.parametrize("options", PEERS.values(), ids=PEERS)
def test_a_question_about_the_instance_ends_at_its_deadline(
    peer: Callable[..., SilentPeer], options: dict[str, bytes]
) -> None:
    with ends_in_time():
        InstanceMetadata(f"http://127.0.0.1:{peer(**options).port}", timeout_seconds=60).instance_id()


class SlowImds(Imds):
    """Takes more than half of a deadline for each answer, once ``is_slow`` is set."""

    is_slow = False

    def answer(self, asked: Asked) -> Answer:
        if self.is_slow:
            time.sleep(0.6 * SECONDS)
        return super().answer(asked)


def test_the_requests_of_one_question_about_the_instance_share_its_deadline() -> None:
    with SlowImds() as imds:
        metadata = InstanceMetadata(imds.start().url, timeout_seconds=60)
        metadata.instance_id()
        imds.expire_token()  # so the next question takes three requests
        imds.is_slow = True
        with ends_in_time():
            metadata.instance_id()


@pytest.fixture
def relay(postgres_url: str) -> Iterator[FreezingRelay]:
    relay = FreezingRelay(make_url(postgres_url).port or 0)
    yield relay
    relay.close()


@pytest.fixture
def database_behind_relay(postgres_url: str, relay: FreezingRelay) -> Iterator[Database]:
    url = make_url(postgres_url).set(port=relay.port)
    database = Database(url.render_as_string(hide_password=False), pool_size=2)
    database.ping()
    yield database
    database.close()


def test_a_statement_behind_a_frozen_connection_ends_at_its_deadline(
    database_behind_relay: Database, relay: FreezingRelay
) -> None:
    relay.frozen.set()
    with ends_in_time():
        database_behind_relay.ping()


def test_a_commit_behind_a_frozen_connection_ends_at_its_deadline(
    database_behind_relay: Database, relay: FreezingRelay
) -> None:
    with ends_in_time(), database_behind_relay.writing() as connection:
        connection.execute(text("CREATE TABLE t (n int)"))
        relay.frozen.set()


def test_after_a_frozen_connection_the_pool_makes_new_ones(
    database_behind_relay: Database, relay: FreezingRelay
) -> None:
    relay.frozen.set()
    for _ in range(3):  # more often than the pool has connections
        with ends_in_time():
            database_behind_relay.ping()
    relay.frozen.clear()
    database_behind_relay.ping()


def test_a_call_in_time_is_left_alone(database: Database) -> None:
    with database.reading() as connection:
        assert connection.execute(select(text("1"))).scalar_one() == 1


def test_an_inner_block_has_no_later_deadline_than_the_outer_one() -> None:
    with limited(0.05), limited(60):
        assert deadlines._current.limit is not None
        assert deadlines._current.limit.until - time.monotonic() < 1
    assert deadlines._current.limit is None


def test_work_after_its_deadline_begins_no_call_and_may_still_be_settled(database: Database) -> None:
    with limited(0.01):
        time.sleep(0.02)
        with pytest.raises(DeadlinePassed), limited(5):
            pass
        with pytest.raises(Unavailable):
            database.ping()
        with unlimited():
            database.ping()


def test_the_document_shows_the_table_of_deadlines() -> None:
    document = (Path(__file__).resolve().parents[2] / "docs" / "RELIABILITY.md").read_text()
    for name, deadline in DEADLINES.items():
        assert f"| {name} | {deadline.seconds:g} | {deadline.consequence} |" in document
