"""The servers that all workers share (one emulator, one PostgreSQL, one Redis), and videos for our own worker."""

import io
import re
import uuid
import zlib
from collections import Counter
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from shutil import rmtree

from sqlalchemy import func, select, update

from benchmarks.worker.redis_server import RedisServer
from benchmarks.worker.short_queue import RECEIVE_COUNT_MAX, VISIBILITY_SECONDS, ShortQueue
from local.system.aws_emulator import CREDENTIALS, REGION, AwsEmulator
from local.system.postgres_server import PostgresServer
from migrations.upgrade import upgrade
from showcase.accounts import NewPlayer, open_account
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.jobs.outbox import Entry
from showcase.passwords import Passwords
from showcase.storage.media_store import MediaStore
from showcase.videos import NewVideo, add_video

# A request as moto's server logs it. All calls of SQS are POST; calls of S3 have the other methods.
_REQUEST = re.compile(r'"(GET|HEAD|PUT|POST|DELETE) /')


class SharedServers:
    """A context manager: the servers run inside the block. ``peers`` is the folder of the peers' programs."""

    def __init__(self, home: Path, peers: Path) -> None:
        self.home = home
        self.peers = peers

    def __enter__(self) -> "SharedServers":
        with ExitStack() as stack:
            for left in (self.home / "logs", *(self.home / "work").glob("worker-*")):
                rmtree(left, ignore_errors=True)  # workers of an earlier run, which were killed, have left them
            postgres = stack.enter_context(PostgresServer())
            postgres.execute("CREATE DATABASE bench")
            self.database_url = postgres.url("bench")
            upgrade(self.database_url)
            self.database = Database(self.database_url, pool_size=2)
            stack.callback(self.database.close)
            self.emulator = AwsEmulator(self.log("aws"))
            stack.callback(self.emulator.stop)
            self.bucket = self.emulator.create_bucket()
            self.aws = Aws(REGION, self.emulator.url)
            self.media = MediaStore(self.aws, self.bucket)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def log(self, name: str) -> Path:
        """The path of a log file."""
        return self.home / "logs" / f"{name}.log"

    @property
    def sqs_broker(self) -> str:
        """The URL of the emulator's SQS, in Celery's form."""
        return f"sqs://local:local@127.0.0.1:{self.emulator.port}//"

    @cached_property
    def redis(self) -> RedisServer:
        """The Redis server, which is started at the first use."""
        return self._stack.enter_context(RedisServer(self.peers / "redis-server", self.log("redis")))

    def create_queue(self, name: str) -> ShortQueue:
        """A new, empty queue."""
        return ShortQueue(self.emulator, self.aws, name)

    def requests(self) -> Counter[str]:
        """The number of requests that the emulator has answered, by HTTP method."""
        return Counter(_REQUEST.findall(self.log("aws").read_text(errors="replace")))

    def worker_environment(self, queue: ShortQueue, name: str) -> dict[str, str]:
        """Settings for our worker: the addresses of the servers. All other settings keep their defaults."""
        return {
            **CREDENTIALS,
            "ANB_DATABASE_URL": self.database_url,
            "ANB_AWS_ENDPOINT_URL": self.emulator.url,
            "ANB_BUCKET": self.bucket,
            "ANB_EMF_DESTINATION": f"file:{self.log(f'{name}-emf')}",
            "ANB_WORK_DIRECTORY": str(self.home / "work"),
            "sqs_queue_url": queue.urls.jobs,
            "sqs_dead_letter_queue_url": queue.urls.dead_letter,
            "sqs_region": REGION,
            "sqs_visibility_timeout": str(VISIBILITY_SECONDS),
            "sqs_max_receive_count": str(RECEIVE_COUNT_MAX),
        }


class BenchVideos:
    """Accepted uploads that share one original. The benchmark sends their messages; no sweeper does."""

    def __init__(self, shared: SharedServers, original: bytes) -> None:
        self._stage = shared
        self._original = original
        self._key = f"uploads/{uuid.uuid4()}.mp4"
        shared.media.put_stream(self._key, io.BytesIO(original))
        player = NewPlayer(f"{uuid.uuid4()}@example.com", "Laura", "Gómez", "Bogotá", "Colombia", "secret-password")
        self._player_id = open_account(shared.database, Passwords(time_cost=1, memory_kib=8), player)

    def add(self, count: int) -> list[Entry]:
        """Write that many rows, as the API writes them; return what their messages need."""
        with self._stage.database.writing() as connection:
            entries = []
            for _ in range(count):
                video = NewVideo(
                    id=uuid.uuid4(),
                    task_id=uuid.uuid4(),
                    player_id=self._player_id,
                    title="Mi mejor jugada",
                    original_key=self._key,
                    original_bytes=len(self._original),
                    original_crc32=zlib.crc32(self._original),
                    request_id=str(uuid.uuid4()),
                )
                uploaded_at = add_video(connection, video)
                entries.append(Entry.of_new(video, uploaded_at))
            ids = [entry.video_id for entry in entries]
            # Without a due time, the outbox never counts the messages as lost.
            connection.execute(update(Video).where(Video.id.in_(ids)).values(message_due_at=None))
        return entries

    def unsettled(self) -> int:
        """The number of videos that are not processed yet. Raises AssertionError when one has failed."""
        statement = select(Video.status, func.count()).where(Video.player_id == self._player_id).group_by(Video.status)
        with self._stage.database.reading() as connection:
            counts = dict(connection.execute(statement).tuples().all())
        assert VideoStatus.FAILED not in counts, "a video has failed: see the worker's log"
        return sum(count for status, count in counts.items() if status != VideoStatus.PROCESSED)
