"""The parts that tests of the HTTP server share: tokens, a form, and the temporary files of this process."""

import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from service.access_tokens import Tokens
from tests.service.conftest import SECRET

BOUNDARY = "frontera"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
OTHER_SECRET = "another secret of the tests, long enough"


def token(scheme: str = "Bearer", *, secret: str = SECRET, seconds: int = 3600) -> str:
    """An Authorization header of a player with a random id. With negative ``seconds``, the token has expired."""
    return f"{scheme} {Tokens(secret, seconds).issue(uuid.uuid4())}"


def form(clip: bytes) -> bytes:
    """The body of a form upload, with a title and this clip."""
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\nMi jugada\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="video_file"; filename="c.mp4"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    ).encode() + clip + f"\r\n--{BOUNDARY}--\r\n".encode()  # fmt: skip


def padding(size: int) -> bytes:
    """An MP4 box without content, to make a clip so large that waitress keeps the body in a temporary file."""
    return (size + 8).to_bytes(4, "big") + b"free" + bytes(size)


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait until ``is_so()``. Raises AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class TemporaryFiles:
    """The temporary files in ``folder`` that this process holds open: the bodies of requests. They have no names."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = str(folder.resolve())
        monkeypatch.setattr(tempfile, "tempdir", self._folder)

    def bytes(self) -> int:
        """The size of all of them."""
        return sum(self._size(link) for link in Path("/proc/self/fd").iterdir())

    def _size(self, link: Path) -> int:
        try:
            is_ours = str(link.readlink()).startswith(self._folder)
            return link.stat().st_size if is_ours else 0
        except OSError:  # it was closed meanwhile
            return 0
