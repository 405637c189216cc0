"""The ages of objects and of unfinished uploads, from a storage whose clock is not that of this machine."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.orphans import Orphans
from showcase.storage.media_store import MediaStore

DAY = 86_400
OBJECTS = """<ListBucketResult><Name>clips</Name><IsTruncated>false</IsTruncated><Contents>
<Key>uploads/00000000-0000-0000-0000-000000000001.mp4</Key><LastModified>2031-05-01T12:00:00.000Z</LastModified>
</Contents></ListBucketResult>"""
UPLOADS = """<ListMultipartUploadsResult><Bucket>clips</Bucket><IsTruncated>false</IsTruncated><Upload>
<Key>inbox/00000000-0000-0000-0000-000000000002</Key><UploadId>7</UploadId>
<Initiated>2031-05-01T12:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>"""

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Storage(BaseHTTPRequestHandler):
    """Lists one object and one unfinished upload, and notes the paths of deletions. Its clock stands at ``date``."""

    date: ClassVar[str]
    deleted: ClassVar[list[str]]

    def do_GET(self) -> None:
        content = (UPLOADS if "uploads" in self.path else OBJECTS).encode()
        self.answer(200, content)

    def do_DELETE(self) -> None:
        self.deleted.append(self.path)
        self.answer(204, b"")

    def answer(self, status: int, content: bytes) -> None:
        self.send_response_only(status)
        if self.date:
            self.send_header("Date", self.date)
        self.send_header("x-amz-request-id", "id")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def storage_at(aws_credentials: None) -> Iterator[Callable[[str], tuple[MediaStore, list[str]]]]:
    """A storage whose clock stands at this date, and the paths that were deleted in it."""
    deleted: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Storage)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def make(date: str) -> tuple[MediaStore, list[str]]:
        Storage.date, Storage.deleted = date, deleted
        return MediaStore(Aws(REGION, f"http://127.0.0.1:{server.server_port}"), "clips"), deleted

    yield make
    server.shutdown()
    server.server_close()


@sqlite_only
@pytest.mark.parametrize(
    ("date", "age_seconds"),
    [
        ("Thu, 01 May 2031 12:00:00 GMT", 0),
        ("Fri, 02 May 2031 11:59:59 GMT", DAY - 1),
        ("Fri, 02 May 2031 12:00:00 GMT", DAY),
        ("Thu, 01 May 2031 11:00:00 GMT", 0),  # a storage whose own clock goes back makes nothing old
    ],
)
def test_only_the_clock_of_the_storage_decides_the_age_of_an_object(
    storage_at: Callable[[str], tuple[MediaStore, list[str]]], database: Database, date: str, age_seconds: float
) -> None:
    media, deleted = storage_at(date)
    assert [item.age_seconds for page in media.pages() for item in page] == [age_seconds]
    assert [item.age_seconds for page in media.unfinished_uploads() for item in page] == [age_seconds]
    removed = 2 if age_seconds >= DAY else 0
    assert Orphans(database, media, age_seconds=DAY).sweep() == len(deleted) == removed


@sqlite_only
@pytest.mark.parametrize("date", ["", "yesterday"])
def test_without_a_date_of_the_storage_nothing_is_removed(
    storage_at: Callable[[str], tuple[MediaStore, list[str]]], database: Database, date: str
) -> None:
    media, deleted = storage_at(date)
    with pytest.raises(Unavailable, match="no Date"):
        Orphans(database, media, age_seconds=0).sweep()
    assert deleted == []
