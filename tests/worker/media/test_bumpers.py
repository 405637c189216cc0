"""The cache of encoded bumpers: each is encoded once, and one that is not whole is made again."""

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from showcase.errors import SettingsError, Unavailable
from tests.worker.media.programs import program
from tests.worker.media.spoilt_files import file_of, picture
from worker.media.artwork import ArtworkFile, find_artwork
from worker.media.bumpers import encoded_bumper
from worker.media.confinement import Confinement
from worker.media.encoder import Encoder
from worker.media.prepared_artwork import prepare_artwork

Make = Callable[[ArtworkFile], bytes]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> ArtworkFile:
    """A bumper that is encoded quickly."""
    return find_artwork(None, picture(tmp_path_factory.mktemp("still") / "still.png"), None).opening


@pytest.fixture(scope="module")
def made(
    encoder: Encoder, confinement: Confinement, still: ArtworkFile, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A cache with the bumper of ``still``."""
    cache = tmp_path_factory.mktemp("cache")
    encoded_bumper(encoder, confinement, still, cache)
    return cache


@pytest.fixture
def cache(made: Path, tmp_path: Path) -> Path:
    """A copy of the cache for one test."""
    return Path(shutil.copytree(made, tmp_path / "cache"))


def only_file(cache: Path) -> Path:
    (path,) = cache.iterdir()
    return path


def test_bumpers_are_encoded_once_and_then_kept(encoder: Encoder, confinement: Confinement, tmp_path: Path) -> None:
    artwork = find_artwork(None, None, None)
    first = prepare_artwork(encoder, confinement, artwork, tmp_path)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {path.read_bytes() for path in written} == {first.opening, first.closing}
    assert first.watermark == artwork.watermark.path.read_bytes()
    assert prepare_artwork(encoder, confinement, artwork, tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written


SPOILT: dict[str, Callable[[Path], object]] = {
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "changed": lambda path: file_of(path, path.read_bytes()[:-1] + b"x"),
    "full of zeros": lambda path: file_of(path, bytes(path.stat().st_size)),  # as a file system leaves it after a crash
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_cached_bumper_that_is_not_whole_is_named_in_the_log_and_made_again(
    encoder: Encoder,
    confinement: Confinement,
    still: ArtworkFile,
    cache: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    path = only_file(cache)
    whole = path.read_bytes()
    SPOILT[name](path)
    with caplog.at_level(logging.WARNING):
        assert encoded_bumper(encoder, confinement, still, cache) == whole
    assert f"{path} was cut short or changed" in caplog.text
    assert only_file(cache).read_bytes() == whole


def test_a_cache_that_was_removed_or_cannot_be_read_is_made_again(
    encoder: Encoder, confinement: Confinement, still: ArtworkFile, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = only_file(cache)
    whole = path.read_bytes()
    shutil.rmtree(cache)
    assert encoded_bumper(encoder, confinement, still, cache) == whole
    impostor = path.with_stem(path.stem[:-1] + "0")
    impostor.mkdir()
    assert encoded_bumper(encoder, confinement, still, cache) == whole
    path.unlink()
    assert encoded_bumper(encoder, confinement, still, cache) == whole
    assert f"{impostor} cannot be read (Is a directory)" in caplog.text


def test_a_bumper_is_on_the_disk_before_it_has_its_name(
    encoder: Encoder, confinement: Confinement, still: ArtworkFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synced under its draft name, and the folder after the renaming."""
    synced: list[tuple[str, list[str]]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        synced.append((name.partition("-")[0], [path.name.partition("-")[0] for path in tmp_path.iterdir()]))
        real(descriptor)

    monkeypatch.setattr("worker.media.bumpers.os.fsync", fsync)
    encoded_bumper(encoder, confinement, still, tmp_path)
    assert synced == [("draft", ["draft"]), (tmp_path.name.partition("-")[0], ["bumper"])]


def test_artwork_that_changes_while_it_is_read_stops_the_start(
    encoder: Encoder, confinement: Confinement, tmp_path: Path
) -> None:
    still = picture(tmp_path / "still.png")
    script = f'{encoder.path} "$@" || exit; case "$*" in *libx264*) echo more >>{still};; esac'
    changing = replace(encoder, path=str(program(tmp_path / "ffmpeg", script)))
    with pytest.raises(SettingsError, match=r"ANB_OPENING_BUMPER: .* it changed while it was read"):
        encoded_bumper(changing, confinement, find_artwork(None, still, None).opening, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == [], "nothing is kept under the digest of other content"


def test_a_full_disk_at_the_start_is_no_fault_of_the_artwork(
    encoder: Encoder, confinement: Confinement, still: ArtworkFile, tmp_path: Path
) -> None:
    script = f'case "$*" in *libx264*) echo "Error muxing a packet" >&2; exit 228;; esac; exec {encoder.path} "$@"'
    full = replace(encoder, path=str(program(tmp_path / "ffmpeg", script)))
    with pytest.raises(Unavailable, match="disk: encode failed \\(No space left on device\\)"):
        encoded_bumper(full, confinement, still, tmp_path / "cache")
