import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from local.system.aws_emulator import AwsEmulator
from service.access_tokens import Tokens
from service.app import Api
from service.route_limits import RequestLimits, RouteLimits
from showcase.database.engine import Database
from showcase.jobs import jobs
from showcase.jobs.job_message import parse_message
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.jobs.promises import UploadPromises
from showcase.rate_limits import RateLimits
from showcase.storage.media_store import MediaStore
from showcase.uploads.inbox import Inbox
from tests.clips import Clips
from tests.fixtures import Recorded
from tests.records import CHEAP_PASSWORDS
from tests.service.http_server.server_thread import ServerThread
from tests.service.promises import hold_to_the_document
from tests.service.resources.direct_upload_client import DirectClient

SECRET = "a secret of the tests that is long enough"
UPLOAD_BYTES_MAX = 3_000_000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-examples", type=int, default=3, help="cases that schemathesis makes for each operation")


@dataclass
class Contest:
    """The API in a real server on loopback, the emulator that it uses, and its records."""

    api: Api
    url: str
    emulator: AwsEmulator
    recorded: Recorded
    clients: ExitStack

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        hooks = {"response": [hold_to_the_document]}
        client = httpx.Client(base_url=self.url, headers=headers, event_hooks=hooks, timeout=30)
        return self.clients.enter_context(client)

    def sign_up(self, **fields: str) -> httpx.Client:
        """A client that is logged in as a new player."""
        body = signup_body(**fields)
        anonymous = self.client()
        assert anonymous.post("/api/auth/signup", json=body).status_code == 201
        answer = anonymous.post("/api/auth/login", json={"email": body["email"], "password": body["password1"]})
        return self.client(answer.json()["access_token"])

    def process(self, video_id: str, task_id: str) -> None:
        """Claim and publish a video as a worker does, but without an encode."""
        entry_id, generation = uuid.UUID(video_id), uuid.UUID(task_id)
        with self.api.database.writing() as connection:
            claim = jobs.claim(connection, entry_id, generation, worker="test", lease_seconds=60, attempts_max=5)
            assert isinstance(claim, jobs.Claim)
            key = f"processed/{video_id}/1.mp4"
            self.api.media.put_stream(key, _Bytes(b"processed clip"))
            jobs.finish(connection, claim, key)

    def objects(self) -> set[str]:
        """The keys of all objects in the bucket."""
        listed = self.emulator.s3.list_objects_v2(Bucket=self.api.media.bucket)
        return {item["Key"] for item in listed.get("Contents", [])}

    def queued(self) -> list[tuple[str, str]]:
        """(video id, task id) of all messages that can be received."""
        queued = []
        while deliveries := self.api.queue.receive(10):
            bodies = [parse_message(delivery.body) for delivery in deliveries]
            queued += [(str(body.video_id), str(body.task_id)) for body in bodies]
        return queued


class _Bytes:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1, /) -> bytes:
        end = len(self._content) if size < 0 else size
        data, self._content = self._content[:end], self._content[end:]
        return data


def signup_body(**fields: str) -> dict[str, str]:
    return {
        "first_name": "Laura",
        "last_name": "Gómez",
        "email": f"{uuid.uuid4().hex}@example.com",
        "password1": "una contraseña",
        "password2": "una contraseña",
        "city": "Bogotá",
        "country": "Colombia",
    } | fields


def no_limits(rate_limits: RateLimits) -> RequestLimits:
    """No limits: most tests send their requests as fast as they can."""
    unlimited = RouteLimits(rate_limits, "any", account=None, address=None)
    return RequestLimits(login=unlimited, signup=unlimited, vote=unlimited)


@pytest.fixture
def api(
    database: Database, queue: JobQueue, media: MediaStore, inbox: Inbox, outbox: Outbox, recorded: Recorded
) -> Api:
    rate_limits = RateLimits(database, SECRET.encode())
    return Api(
        database=database,
        queue=queue,
        media=media,
        inbox=inbox,
        outbox=outbox,
        promises=UploadPromises(database, publish_within_seconds=300),
        passwords=CHEAP_PASSWORDS,
        tokens=Tokens(SECRET, 3600),
        recorder=recorded.recorder,
        rate_limits=rate_limits,
        limits=no_limits(rate_limits),
        upload_bytes_max=UPLOAD_BYTES_MAX,
        link_seconds=60,
        direct_upload_seconds=3600,
        own_vote_allowed=True,
    )


@pytest.fixture
def contest(api: Api, emulator: AwsEmulator, recorded: Recorded) -> Iterator[Contest]:
    with ServerThread(api) as server, ExitStack() as clients:
        yield Contest(api, server.url, emulator, recorded, clients)


@pytest.fixture(scope="session")
def clip(clips: Clips) -> Path:
    return clips.plain()


@pytest.fixture(scope="session")
def content(clip: Path) -> bytes:
    return clip.read_bytes()


@pytest.fixture
def player(contest: Contest) -> Iterator[DirectClient]:
    client = DirectClient(contest.sign_up())
    yield client
    client.storage.close()
