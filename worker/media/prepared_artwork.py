"""The artwork as it is added to each clip. It is prepared once, at the start, and then held in memory.

Each job gets copies of its own in its folder. So if a file of the artwork or of the cache vanishes or changes while
the worker runs, no clip is affected.
"""

from dataclasses import dataclass
from pathlib import Path

from showcase.clips.movie import describe_movie
from showcase.clips.mp4_boxes import scan_pieces
from showcase.errors import ShowcaseError, Unavailable
from worker.media.artwork import Artwork, read_watermark
from worker.media.bumpers import encoded_bumper
from worker.media.confinement import Confinement
from worker.media.encoder import Encoder


@dataclass(frozen=True, slots=True)
class ArtworkCopies:
    """The files of one job."""

    watermark: Path
    opening: Path
    closing: Path


@dataclass(frozen=True, slots=True)
class PreparedArtwork:
    """The content of a decoded watermark and of two encoded bumpers.

    The bumpers can be joined to a body that has the same decoder configuration.
    """

    watermark: bytes
    opening: bytes
    closing: bytes
    decoder_configuration: bytes

    def copy_to(self, directory: Path) -> ArtworkCopies:
        """Write all three into the folder of a job. Raises OSError."""
        copies = _copies_in(directory)
        for path, content in self._contents(copies):
            path.write_bytes(content)
        return copies

    def check_copies(self, directory: Path) -> None:
        """Raises Unavailable or OSError if a copy is not what was written."""
        for path, content in self._contents(_copies_in(directory)):
            if path.read_bytes() != content:
                raise Unavailable("disk", f"keep {path.name}")

    def _contents(self, copies: ArtworkCopies) -> tuple[tuple[Path, bytes], ...]:
        return ((copies.watermark, self.watermark), (copies.opening, self.opening), (copies.closing, self.closing))


def prepare_artwork(encoder: Encoder, confinement: Confinement, artwork: Artwork, cache: Path) -> PreparedArtwork:
    """Decode the artwork, and encode the bumpers unless ``cache`` has them.

    Raises SettingsError if a file cannot be used, and Unavailable or OSError if disk or ffmpeg are at fault.
    """
    watermark = read_watermark(encoder, confinement, artwork.watermark)
    opening, closing = (
        encoded_bumper(encoder, confinement, file, cache) for file in (artwork.opening, artwork.closing)
    )
    configuration = _decoder_configuration(opening)
    if configuration != _decoder_configuration(closing):
        raise ShowcaseError("the two bumpers were encoded differently; this is a fault of the pipeline")
    return PreparedArtwork(watermark, opening, closing, configuration)


def _copies_in(directory: Path) -> ArtworkCopies:
    return ArtworkCopies(directory / "watermark.png", directory / "opening.mp4", directory / "closing.mp4")


def _decoder_configuration(bumper: bytes) -> bytes:
    video = describe_movie(scan_pieces(lambda start, count: bumper[start : start + count], len(bumper))).video
    return video.decoder_configuration if video else b""
