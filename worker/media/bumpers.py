"""The project's artwork and its bumpers. Bumpers are encoded once for each ffmpeg and artwork, and then kept."""

import hashlib
import os
import threading
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from showcase.clips.movie import VideoTrack, read_movie
from showcase.errors import SettingsError
from showcase.settings import MIB
from worker.errors import EncodeFailed, EncodeStuck, EncodeWrong
from worker.media.confinement import Confinement, Limits
from worker.media.encoder import Encoder
from worker.media.media_process import run_media
from worker.media.pipeline import BUMPER_FRAMES, CRF, PRESET, bumper_command

LIMITS = Limits(wall_seconds=120, stall_seconds=60, memory_bytes=4096 * MIB, cpu_seconds=240, file_bytes=64 * MIB)
_STILLS = frozenset({".png", ".jpg", ".jpeg", ".webp"})


@dataclass(frozen=True, slots=True)
class Artwork:
    """The files that are added to a clip."""

    watermark: Path
    opening: Path
    closing: Path


@dataclass(frozen=True, slots=True)
class Bumpers:
    """Encoded bumpers, ready to be joined to a body of the same decoder configuration."""

    opening: Path
    closing: Path
    decoder_configuration: bytes


def find_artwork(watermark: Path | None, opening: Path | None, closing: Path | None) -> Artwork:
    """The configured files; the project's own for None. Raises SettingsError if one does not exist."""
    own = Path(str(resources.files("worker"))) / "artwork"
    artwork = Artwork(
        watermark=watermark or own / "watermark.png",
        opening=opening or own / "opening.mp4",
        closing=closing or own / "closing.mp4",
    )
    for path in (artwork.watermark, artwork.opening, artwork.closing):
        if not path.is_file():
            raise SettingsError(
                f"artwork {path} does not exist (ANB_WATERMARK, ANB_OPENING_BUMPER, ANB_CLOSING_BUMPER)"
            )
    return artwork


def prepare_bumpers(encoder: Encoder, confinement: Confinement, artwork: Artwork, cache: Path) -> Bumpers:
    """Encode the bumpers, unless ``cache`` has them. Raises SettingsError if the artwork cannot be used."""
    cache.mkdir(parents=True, exist_ok=True)
    opening, closing = (_prepared(encoder, confinement, path, cache) for path in (artwork.opening, artwork.closing))
    tracks = [_track(path) for path in (opening, closing)]
    if tracks[0].decoder_configuration != tracks[1].decoder_configuration:
        raise SettingsError("the two bumpers were encoded differently; this is a fault of the pipeline")
    return Bumpers(opening, closing, tracks[0].decoder_configuration)


def _prepared(encoder: Encoder, confinement: Confinement, artwork: Path, cache: Path) -> Path:
    """The encoded bumper. Its name in ``cache`` depends on ffmpeg, the command and the artwork."""
    recipe = " ".join(bumper_command(encoder, Path("artwork"), Path("target"), is_still=False))
    digest = hashlib.sha256(f"{encoder.version} {PRESET} {CRF} {recipe}".encode())
    digest.update(artwork.read_bytes())
    target = cache / f"bumper-{digest.hexdigest()[:16]}.mp4"
    if not target.exists():
        _encode_bumper(encoder, confinement, artwork.resolve(), target)
    return target


def _encode_bumper(encoder: Encoder, confinement: Confinement, artwork: Path, target: Path) -> None:
    # Several workers may start at once. Each writes its own draft, and the last one to finish replaces the target.
    draft = target.with_suffix(f".{os.getpid()}.mp4")
    command = bumper_command(encoder, artwork, draft.resolve(), is_still=artwork.suffix.lower() in _STILLS)
    try:
        run_media(command, directory=target.parent, confinement=confinement, limits=LIMITS, cancelled=threading.Event())
        if _track(draft).frames != BUMPER_FRAMES:
            raise EncodeWrong(f"{_track(draft).frames} frames instead of {BUMPER_FRAMES}")
        draft.replace(target)
    except (EncodeFailed, EncodeStuck, EncodeWrong) as error:
        raise SettingsError(f"bumper {artwork} cannot be used: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def _track(path: Path) -> VideoTrack:
    video = read_movie(path).video
    if video is None:
        raise EncodeWrong(f"{path.name} has no picture")
    return video
