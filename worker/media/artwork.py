"""The files of the artwork: found and decoded at the start. A file that cannot be used stops the start."""

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from showcase.errors import SettingsError
from showcase.settings import MIB
from worker.errors import EncodeFailed, EncodeStuck
from worker.media.confinement import Confinement, Limits
from worker.media.encoder import Encoder
from worker.media.media_process import run_briefly
from worker.media.pipeline import HEIGHT, WIDTH, bumper_check_command, watermark_check_command

CHECK_LIMITS = Limits(wall_seconds=20, stall_seconds=20, memory_bytes=2048 * MIB, cpu_seconds=40, file_bytes=0)
WATERMARK_BYTES_MAX = 8 * MIB  # it is held in memory; a PNG of WIDTH x HEIGHT has 3.5 MiB at most
COMPLAINT_CHARACTERS = 200

_PICTURES = {b"\x89PNG\r\n\x1a\n": "png_pipe", b"\xff\xd8\xff": "jpeg_pipe", b"RIFF": "webp_pipe"}
_SIGNATURE_BYTES = 8
_LOG_CONTEXT = re.compile(r"\[[^]]* @ 0x[0-9a-f]+\] ")  # for example [png @ 0x55febffe34c0]
_A_WATERMARK = f"a PNG of at most {WIDTH}x{HEIGHT} pixels"
_A_BUMPER = "a video (MP4, MOV, MKV, WebM) or a picture (PNG, JPEG, WebP)"


@dataclass(frozen=True, slots=True)
class ArtworkFile:
    """One file, its variable, and what it must be. ``is_own``: the variable is empty, so it is the project's file."""

    path: Path
    variable: str
    kind: str
    is_own: bool

    def refused(self, why: str) -> SettingsError:
        """The error that stops the start. It names the variable and the file, and says what to do."""
        otherwise = "install this release again" if self.is_own else "leave it empty for the project's own"
        return SettingsError(
            f"{self.variable}: {self.path} cannot be used: {why}. Set {self.variable} to {self.kind}, or {otherwise}."
        )


@dataclass(frozen=True, slots=True)
class Artwork:
    """The files that are added to a clip."""

    watermark: ArtworkFile
    opening: ArtworkFile
    closing: ArtworkFile


def find_artwork(watermark: Path | None, opening: Path | None, closing: Path | None) -> Artwork:
    """The configured files; None means the project's file. Raises SettingsError if one is not a file with content."""
    own = Path(str(resources.files("worker"))) / "artwork"

    def named(configured: Path | None, name: str, variable: str, kind: str) -> ArtworkFile:
        return ArtworkFile((configured or own / name).absolute(), variable, kind, is_own=configured is None)

    artwork = Artwork(
        watermark=named(watermark, "watermark.png", "ANB_WATERMARK", _A_WATERMARK),
        opening=named(opening, "opening.mp4", "ANB_OPENING_BUMPER", _A_BUMPER),
        closing=named(closing, "closing.mp4", "ANB_CLOSING_BUMPER", _A_BUMPER),
    )
    for file in (artwork.watermark, artwork.opening, artwork.closing):
        _check_presence(file)
    return artwork


def read_watermark(encoder: Encoder, confinement: Confinement, file: ArtworkFile) -> bytes:
    """The watermark, which this ffmpeg can decode. Raises SettingsError, or Unavailable if ffmpeg does not start."""
    with file.path.open("rb") as opened:
        content = opened.read(WATERMARK_BYTES_MAX + 1)
    if len(content) > WATERMARK_BYTES_MAX:
        raise file.refused(f"it has more than {WATERMARK_BYTES_MAX // MIB} MiB")
    _decode(watermark_check_command(encoder), confinement, file, content)
    return content


def check_bumper(encoder: Encoder, confinement: Confinement, file: ArtworkFile) -> None:
    """Decode what will be shown of a bumper. Raises as ``read_watermark`` does."""
    _decode(bumper_check_command(encoder, file.path, picture_format=picture_format(file)), confinement, file)


def picture_format(file: ArtworkFile) -> str | None:
    """ffmpeg's name for the format of a picture; None for a video. The content counts, not the name of the file."""
    with file.path.open("rb") as opened:
        signature = opened.read(_SIGNATURE_BYTES)
    return next((name for start, name in _PICTURES.items() if signature.startswith(start)), None)


def _check_presence(file: ArtworkFile) -> None:
    try:
        if not file.path.exists():
            raise file.refused("it does not exist")
        if not file.path.is_file():
            raise file.refused("it is not a file")
        with file.path.open("rb") as opened:
            if not opened.read(1):
                raise file.refused("it is empty")
    except OSError as error:
        raise file.refused(f"it cannot be read ({error.strerror})") from error


def _decode(command: list[str], confinement: Confinement, file: ArtworkFile, content: bytes = b"") -> None:
    """Run a command that only decodes. Raises SettingsError.

    Any error output is a failure, because ffmpeg plays half of a WebM file and ends with 0. The first line says what is
    wrong. The last lines only repeat that ffmpeg failed.
    """
    try:
        complaints = run_briefly(command, confinement=confinement, limits=CHECK_LIMITS, data=content)
    except EncodeFailed as error:
        complaints = error.stderr or f"it ended with {error.exit_code}"
    except EncodeStuck as error:
        complaints = str(error)
    if complaints:
        first_line = _LOG_CONTEXT.sub("", complaints.strip().partition("\n")[0])
        raise file.refused(f"ffmpeg: {first_line[:COMPLAINT_CHARACTERS].rstrip('.')}")
