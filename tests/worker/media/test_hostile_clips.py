"""Bad media: each hostile clip is accepted or refused cleanly and within limits, at upload and in the worker.

A hostile clip is made from its name alone: ``clip.content(base_clips)`` returns the bytes that a failure is about.
"""

import io
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from threading import Event

import pytest

from service.resources.form_upload import ScannedStream
from showcase.clips.clip_rules import judge_movie
from showcase.clips.movie import read_movie
from showcase.clips.mp4_boxes import KEPT_BYTES_MAX, BadBoxes
from showcase.errors import UnacceptableClip
from tests.clips import Clips
from tests.hostile_clips.base_clips import BASE_CLIPS
from tests.hostile_clips.child_memory import ChildMemory
from tests.hostile_clips.corpus import CORPUS, HostileClip
from tests.hostile_clips.random_damage import RANDOM_DAMAGE
from tests.hostile_clips.structure import STRUCTURE
from tests.worker.conftest import LIMITS, MIB
from tests.worker.media.pictures import Pictures, header_of
from worker.errors import EncodeFailed, EncodeStuck, EncodeWrong
from worker.media import bumpers, pipeline, transcode
from worker.media.artwork import find_artwork
from worker.media.confinement import Confinement, Limits
from worker.media.encoder import Encoder
from worker.media.media_process import run_media
from worker.media.pipeline import FRAMES_PER_SECOND, Source, body_command
from worker.media.prepared_artwork import prepare_artwork
from worker.media.transcode import Transcoder

BATCHES = 16
FUZZ_ROUNDS = 1500  # for each base clip; raise it for a longer campaign
BODY_SECONDS = 1  # of a playable clip: long enough for the faults of its structure, in a thirtieth of the time
LONGER_BODY_SECONDS = 3
BUMPER_FRAMES = 6
ACCEPTED, PROCESSED, TRIED_AGAIN = "accepted", "processed", "to be tried again"
PIECES = (7, 4096, 65_536, MIB)
UPLOAD_BYTES_MAX = 100 * MIB
OWN_MEMORY_MAX = 3 * KEPT_BYTES_MAX  # the kept boxes twice, while they are joined, and their description
FFMPEG_MEMORY_MAX = 400 * MIB  # of one encode, also of 4K HEVC (docs/VIDEO.md)

batches = pytest.mark.parametrize("batch", range(BATCHES))

# The only correct verdicts about these clips.
VERDICTS = {
    "moov last: as it is": PROCESSED,
    "moov first: as it is": PROCESSED,
    "fragmented: as it is": PROCESSED,
    "rotated: as it is": PROCESSED,
    "hevc: as it is": PROCESSED,
    "moov last: all but one frame at one time": PROCESSED,
    "moov last: first frame of 10 h": PROCESSED,
    "moov last: edit list that begins after the end": "damaged",
    "moov last: edit list of one moment 100,000 times": "damaged",
    "moov last: audio of 60 million samples": "damaged",
    "moov last: chunks beyond the end": "damaged",
    "moov last: media inside a track": "no_video",
    "moov last: pixels of 1:10000": PROCESSED,
    "moov last: pixels of 10000:1": PROCESSED,
    "pixels of 65535:1 in the stream": PROCESSED,
    "pixels of 1:65535 in the stream": PROCESSED,
    "moov last: colours (2, 18, 2)": PROCESSED,
    "moov last: colours (9, 16, 14)": "codec_unsupported",
    "moov last: codec b'encv'": "codec_unsupported",
    "moov last: claimed size 1x1": "resolution_too_low",
    "67 megapixels": "resolution_too_high",
    "67 megapixels that call themselves 1080p": "resolution_too_high",
    "moov last: 500 tracks": "damaged",
    "moov last: a still of 60,000 tiles": "damaged",
    "moov last: 10 h in 36,000 pictures": "too_long",
    "moov last: 20 s at 1000 pictures a second": "frame_rate_unsupported",
    "moov last: 400,000 kinds of box in the sample entry": "damaged",
    "moov last: samples in /etc/passwd": PROCESSED,  # the samples in the file itself are used
    "moov last: brands of QuickTime": "not_mp4",
    "impostor: a playlist": "not_mp4",
    "impostor: a concat script": "not_mp4",
}


@dataclass
class Complaints:
    """The faults that were found. Each clip with a fault is written to ``directory``."""

    directory: Path
    lines: list[str] = field(default_factory=list)

    def check(self, is_so: bool, clip: HostileClip, content: bytes, what: str) -> None:
        if not is_so:
            kept = self.directory / f"complaint-{len(self.lines)}.mp4"
            kept.write_bytes(content)
            self.lines.append(f"{clip.name}: {what} ({kept})")


@pytest.fixture(scope="module")
def base_clips(clips: Clips) -> dict[str, bytes]:
    return {name: make(clips).read_bytes() for name, make in BASE_CLIPS.items()}


@pytest.fixture
def complaints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Complaints]:
    complaints = Complaints(tmp_path_factory.mktemp("complaints"))
    yield complaints
    assert not complaints.lines, "\n".join(complaints.lines)


@pytest.fixture(scope="module")
def hurried(
    encoder: Encoder, confinement: Confinement, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Transcoder]:
    """The transcoder of production, with shorter limits, and with short bumpers, because each result is decoded."""
    with pytest.MonkeyPatch.context() as short:
        for module in (pipeline, bumpers, transcode):
            short.setattr(module, "BUMPER_FRAMES", BUMPER_FRAMES)
        artwork = prepare_artwork(
            encoder, confinement, find_artwork(None, None, None), tmp_path_factory.mktemp("short-bumpers")
        )
        limits = replace(LIMITS, wall_seconds=120, stall_seconds=30)
        yield Transcoder(encoder, confinement, limits, artwork, threads=1)


@pytest.fixture(
    params=[
        BODY_SECONDS,
        pytest.param(LONGER_BODY_SECONDS, marks=pytest.mark.campaign("the same, three times as long")),
    ]
)
def body_seconds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How much of a playable clip is encoded."""
    seconds: int = request.param
    for module in (pipeline, transcode):
        monkeypatch.setattr(module, "BODY_SECONDS_MAX", seconds)
    return seconds


def uploaded(content: bytes, random: Random) -> str:
    """The result of an upload that arrives in pieces of random sizes: ACCEPTED, or the code of the refusal."""
    stream = ScannedStream(io.BytesIO(content), UPLOAD_BYTES_MAX)
    piece_max = max(random.choice(PIECES), len(content) // 1000)
    try:
        while stream.read(random.randint(1, piece_max)):
            pass
        stream.judge()
    except UnacceptableClip as refusal:
        return refusal.code
    return ACCEPTED


def worked_on(transcoder: Transcoder, source: Path) -> str:
    """The result of a clip in the worker: PROCESSED, the code of the refusal, or TRIED_AGAIN with the error."""
    try:
        result = transcoder.transcode(source, source.parent, Event(), lambda _percent: None)
    except UnacceptableClip as refusal:
        return refusal.code
    except (EncodeFailed, EncodeStuck, EncodeWrong) as error:
        return f"{TRIED_AGAIN}: {error!r}"
    assert result == source.with_name("processed.mp4")
    return PROCESSED


def encoded_unchecked(transcoder: Transcoder, source: Path, limits: Limits) -> str:
    """The result of ffmpeg for a clip that no rule has checked before: PROCESSED, or the class of the error."""
    body = source.with_name("body.mp4")
    watermark = transcoder.artwork.copy_to(source.parent).watermark
    command = body_command(transcoder.encoder, Source(source, transfer=2), watermark, body, threads=1)
    try:
        run_media(
            command, directory=source.parent, confinement=transcoder.confinement, limits=limits, cancelled=Event()
        )
    except (EncodeFailed, EncodeStuck) as error:
        return type(error).__name__
    return PROCESSED


@contextmanager
def named(clip: HostileClip) -> Iterator[None]:
    """Each error from inside the block gets the name of the clip as a note."""
    try:
        yield
    except Exception as error:
        error.add_note(clip.name)
        raise


@contextmanager
def own_memory() -> Iterator[Callable[[], int]]:
    """Yields a function that returns the peak memory of Python's objects so far, in bytes."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@contextmanager
def job(tmp_path: Path, content: bytes) -> Iterator[Path]:
    """The original in the folder of its job. The test fails if anything outside of that folder is written."""
    folder = tmp_path / "job"
    folder.mkdir()
    original = folder / "original.mp4"
    original.write_bytes(content)
    yield original
    assert original.read_bytes() == content and list(tmp_path.iterdir()) == [folder]
    shutil.rmtree(folder)


@batches
def test_at_upload_every_hostile_clip_is_accepted_or_refused_with_a_code(
    base_clips: dict[str, bytes], complaints: Complaints, batch: int
) -> None:
    for clip in CORPUS[batch::BATCHES]:
        content = clip.content(base_clips)
        with named(clip), own_memory() as most_bytes:
            uploaded(content, Random(clip.name))
            taken = most_bytes()
        complaints.check(taken <= OWN_MEMORY_MAX, clip, content, f"judging it took {taken / MIB:.0f} MiB")


@batches
def test_in_the_worker_every_hostile_clip_is_processed_or_refused_for_good(
    hurried: Transcoder,
    body_seconds: int,
    pictures: Pictures,
    base_clips: dict[str, bytes],
    complaints: Complaints,
    tmp_path: Path,
    batch: int,
) -> None:
    for clip in CORPUS[batch::BATCHES]:
        content = clip.content(base_clips)
        at_upload = uploaded(content, Random(clip.name))
        check = partial(complaints.check, clip=clip, content=content)
        with named(clip), job(tmp_path, content) as original, ChildMemory() as child_memory, own_memory() as most_bytes:
            verdict = worked_on(hurried, original)
            taken = most_bytes()
            check(not verdict.startswith(TRIED_AGAIN), what=verdict)
            check(verdict == VERDICTS.get(clip.name, verdict), what=f"wrong verdict {verdict}")
            check(at_upload in (ACCEPTED, verdict), what=f"{at_upload} at upload, {verdict} in the worker")
            check(
                child_memory.resident_bytes <= FFMPEG_MEMORY_MAX,
                what=f"{child_memory.resident_bytes / MIB:.0f} MiB in ffmpeg",
            )
            check(taken <= OWN_MEMORY_MAX, what=f"{taken / MIB:.0f} MiB in the worker")
            check(not child_memory.children(), what="it left processes")
            if verdict == PROCESSED:
                check(child_memory.resident_bytes > 0, what="its ffmpeg was not measured")
                check(not (fault := fault_of(pictures, original.with_name("processed.mp4"), body_seconds)), what=fault)


def fault_of(pictures: Pictures, result: Path, body_seconds: int) -> str:
    """The fault of a result; empty if it has the ordered shape, no sound, and a strict decoder plays it."""
    video = read_movie(result).video
    if not video or (video.codec, video.width, video.height) != ("avc1", 1280, 720):
        return f"the result is {video}"
    if b"soun" in header_of(result):
        return "the result has sound"
    if not 0 < video.frames - 2 * BUMPER_FRAMES <= (body_seconds + 1) * FRAMES_PER_SECOND:
        return f"the result has {video.frames} frames"
    return pictures.complaints(result)


@pytest.mark.campaign("ffmpeg decodes what the rules would refuse, until a limit stops it")
@pytest.mark.parametrize("body_seconds", [LONGER_BODY_SECONDS], indirect=True)
@pytest.mark.usefixtures("body_seconds")
@batches
def test_ffmpeg_stays_within_its_limits_even_without_the_rules(
    hurried: Transcoder, base_clips: dict[str, bytes], complaints: Complaints, tmp_path: Path, batch: int
) -> None:
    """Even if the rules accepted a bad clip by mistake, ffmpeg would stay within its limits."""
    limits = replace(LIMITS, wall_seconds=8, stall_seconds=4)
    for clip in CORPUS[batch::BATCHES]:
        content = clip.content(base_clips)
        if uploaded(content, Random(clip.name)) == ACCEPTED:
            continue
        check = partial(complaints.check, clip=clip, content=content)
        with named(clip), job(tmp_path, content) as original, ChildMemory() as child_memory:
            encoded_unchecked(hurried, original, limits)
            check(
                child_memory.resident_bytes <= limits.memory_bytes,
                what=f"{child_memory.resident_bytes / MIB:.0f} MiB in ffmpeg",
            )
            check(not child_memory.children(), what="it left processes")


@pytest.mark.parametrize("base", ["moov last", "moov first", "fragmented", "hevc"])
def test_random_hostile_clips_get_the_same_verdict_in_pieces_and_as_a_file(
    base_clips: dict[str, bytes], complaints: Complaints, tmp_path: Path, base: str
) -> None:
    edits = list((RANDOM_DAMAGE | STRUCTURE).items())
    file = tmp_path / "clip.mp4"
    for number in range(FUZZ_ROUNDS):
        random = Random(f"{base} {number}")
        name, edit = random.choice(edits)
        content = edit(base_clips[base], random)
        file.write_bytes(content)
        in_pieces, as_file = uploaded(content, random), judged_file(file)
        clip = HostileClip(f"{base} {number}: {name}", base, edit)
        complaints.check(in_pieces == as_file, clip, content, f"{in_pieces} in pieces, {as_file} as a file")


def judged_file(path: Path) -> str:
    """The worker's verdict about a clip, before ffmpeg starts."""
    try:
        judge_movie(read_movie(path))
    except (BadBoxes, UnacceptableClip) as error:
        return error.code
    return ACCEPTED


def test_child_memory_measures_the_memory_of_a_process() -> None:
    hog = f"{sys.executable} -c 'bytearray(150 * 1024 * 1024); import time; time.sleep(0.5)'; true"
    with ChildMemory() as child_memory:
        subprocess.run(["/bin/sh", "-c", f"exec {hog}"], check=True)
    assert 150 * MIB <= child_memory.resident_bytes <= 250 * MIB
