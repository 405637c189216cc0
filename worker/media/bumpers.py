"""The cache of encoded bumpers. A bumper is encoded once for each ffmpeg and artwork, and then kept.

The name of a cached file carries the digest of its content. A file whose content has another digest was cut short or
changed. It is reported, removed and made again.
"""

import hashlib
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from showcase.clips.movie import read_movie
from showcase.clips.mp4_boxes import BadBoxes
from showcase.settings import MIB
from worker.errors import EncodeFailed, EncodeStuck
from worker.media.artwork import ArtworkFile, check_bumper, picture_format
from worker.media.blame import raise_disk_fault
from worker.media.confinement import Confinement, Limits
from worker.media.encoder import Encoder
from worker.media.media_process import run_media
from worker.media.pipeline import BUMPER_FRAMES, CRF, PRESET, bumper_command

LIMITS = Limits(wall_seconds=120, stall_seconds=60, memory_bytes=4096 * MIB, cpu_seconds=240, file_bytes=64 * MIB)
_DIGEST_CHARACTERS = 32

log = logging.getLogger(__name__)


def encoded_bumper(encoder: Encoder, confinement: Confinement, artwork: ArtworkFile, cache: Path) -> bytes:
    """The encoded bumper. It comes from the cache if a whole file is there.

    Raises SettingsError if the artwork cannot be used, and Unavailable or OSError if disk or ffmpeg are at fault.
    """
    check_bumper(encoder, confinement, artwork)
    recipe = _recipe(encoder, artwork)
    kept = _kept_bumper(cache, recipe)
    if kept is not None:
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    # Several workers may start at once. Each writes its own draft, and the last one to finish replaces the target.
    draft = cache.resolve() / f"draft-{recipe}-{os.getpid()}.mp4"
    try:
        _encode_bumper(encoder, confinement, artwork, draft)
        if _recipe(encoder, artwork) != recipe:
            raise artwork.refused("it changed while it was read")
        return _keep(draft, cache, recipe)
    finally:
        draft.unlink(missing_ok=True)


def _recipe(encoder: Encoder, artwork: ArtworkFile) -> str:
    """A digest of everything that determines the encoded bumper: ffmpeg, the command and the artwork."""
    command = bumper_command(encoder, Path("artwork"), Path("target"), picture_format=picture_format(artwork))
    with artwork.path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(f"{encoder.version} {PRESET} {CRF} {' '.join(command)}".encode())
    return digest.hexdigest()[:16]


def _kept_bumper(cache: Path, recipe: str) -> bytes | None:
    """The content of the first whole file in the cache. Files that are not whole are removed."""
    for path in sorted(cache.glob(f"bumper-{recipe}-*.mp4")):
        try:
            content = path.read_bytes()
        except OSError as error:
            log.warning("cached bumper %s cannot be read (%s): it is made again", path, error.strerror)
            continue
        if path == _kept_path(cache, recipe, content):
            return content
        log.warning("cached bumper %s was cut short or changed: it is made again", path)
        with suppress(OSError):
            path.unlink()
    return None


def _kept_path(cache: Path, recipe: str, content: bytes) -> Path:
    return cache / f"bumper-{recipe}-{hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]}.mp4"


def _encode_bumper(encoder: Encoder, confinement: Confinement, artwork: ArtworkFile, draft: Path) -> None:
    command = bumper_command(encoder, artwork.path, draft, picture_format=picture_format(artwork))
    try:
        run_media(command, directory=draft.parent, confinement=confinement, limits=LIMITS, cancelled=threading.Event())
        video = read_movie(draft).video
    except EncodeFailed as error:
        raise_disk_fault(error)
        raise artwork.refused(str(error)) from error
    except (EncodeStuck, BadBoxes) as error:
        raise artwork.refused(str(error)) from error
    if video is None or video.frames != BUMPER_FRAMES:
        raise artwork.refused(f"it gives {video.frames if video else 0} frames instead of {BUMPER_FRAMES}")


def _keep(draft: Path, cache: Path, recipe: str) -> bytes:
    """Move the draft to its name in the cache, and return its content. A loss of power leaves no half file there."""
    with draft.open("rb") as file:
        content = file.read()
        os.fsync(file.fileno())
    draft.replace(_kept_path(cache, recipe, content))
    directory = os.open(cache, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return content
