"""What tests of the door share: tokens, a form, and a look at the temporary files of this process."""

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
    """The header's value for some player; ``seconds`` below 0: it has expired."""
    return f"{scheme} {Tokens(secret, seconds).issue(uuid.uuid4())}"


def form(clip: bytes) -> bytes:
    """The body of an upload."""
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\nMi jugada\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="video_file"; filename="c.mp4"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    ).encode() + clip + f"\r\n--{BOUNDARY}--\r\n".encode()  # fmt: skip


def padding(size: int) -> bytes:
    """A box of an MP4 file that says nothing: it makes a clip so large that its body goes to a temporary file."""
    return (size + 8).to_bytes(4, "big") + b"free" + bytes(size)


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Look again and again, for at most so long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class TemporaryFiles:
    """The temporary files that this process holds open in a folder of its own. They have no names: bodies."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = str(folder.resolve())
        monkeypatch.setattr(tempfile, "tempdir", self._folder)

    def bytes(self) -> int:
        """What they hold."""
        return sum(self._size(link) for link in Path("/proc/self/fd").iterdir())

    def _size(self, link: Path) -> int:
        try:
            is_ours = str(link.readlink()).startswith(self._folder)
            return link.stat().st_size if is_ours else 0
        except OSError:  # closed while we looked
            return 0
