"""Real files that ffmpeg made, judged by their boxes alone, as at upload."""

import struct
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcase.clips.clip_rules import judge_movie, judge_scan, unacceptable
from showcase.clips.movie import EDITS_MAX, SAMPLES_MAX, VIDEO_TRACKS_MAX, Movie, describe_movie, read_movie
from showcase.clips.mp4_boxes import CHILDREN_MAX, BadBoxes, BoxScanner
from showcase.errors import UnacceptableClip
from tests.clips import X265, Clips, box
from tests.hostile_clips.boxes import Box, full, parse

ClipMaker = Callable[[Clips], Path]


def judged(path: Path) -> Movie:
    """Judge a file as an upload does: its bytes pass through a scanner, in pieces of an odd size."""
    scanner = BoxScanner()
    data = path.read_bytes()
    try:
        for start in range(0, len(data), 7001):
            scanner.feed(data[start : start + 7001])
        scanner.finish()
    except BadBoxes as error:
        raise unacceptable(error.code) from error
    return judge_scan(scanner)


GOOD: dict[str, ClipMaker] = {
    "moov at the end": lambda c: c.plain(),
    "moov in front": lambda c: c.remuxed(c.plain(), "-movflags", "+faststart"),
    "fragmented": lambda c: c.remuxed(c.plain(), "-movflags", "+frag_keyframe+empty_moov"),
    "fragmented with default base": lambda c: c.remuxed(c.plain(), "-movflags", "cmaf+frag_every_frame"),
    "portrait": lambda c: c.plain(size="1080x1920"),
    "4:3": lambda c: c.plain(size="1440x1080"),
    "4K": lambda c: c.plain(size="3840x2160"),
    "60 s": lambda c: c.plain(seconds=60),
    "odd size": lambda c: c.still(
        "testsrc2=s=1921x1081:r=10", options=("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")),
    "with sound": lambda c: c.with_sound(),
    "HEVC": lambda c: c.still("testsrc2=s=1920x1080:r=10", options=X265),
    "cut by an edit list": lambda c: c.make("-ss", "7.3", "-i", str(c.plain(seconds=30)), "-c", "copy"),
}  # fmt: skip

BAD: dict[str, tuple[str, ClipMaker]] = {
    "too short": ("too_short", lambda c: c.plain(seconds=10)),
    "too long": ("too_long", lambda c: c.plain(seconds=90)),
    "720p": ("resolution_too_low", lambda c: c.plain(size="1280x720")),
    "8K": ("resolution_too_high", lambda c: c.still("color=s=7680x4320:r=1")),
    "audio only": ("no_video", lambda c: c.make("-f", "lavfi", "-i", "sine=d=25", "-c:a", "aac")),
    "QuickTime": ("not_mp4", lambda c: c.remuxed(c.plain(), "-f", "mov")),
    "Matroska": ("not_mp4", lambda c: c.remuxed(c.plain(), "-f", "matroska")),
    "ProRes": ("codec_unsupported", lambda c: c.make(
        "-f", "lavfi", "-i", "color=s=1920x1080:r=1:d=20", "-c:v", "prores_ks", "-f", "mov", "-brand", "mp42")),
    "slide show": ("frame_rate_unsupported", lambda c: c.still("color=s=1920x1080:r=2")),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_clip_that_keeps_the_rules_is_accepted(clips: Clips, name: str) -> None:
    movie = judged(GOOD[name](clips))
    assert movie.video is not None and movie.video.frames >= 200


@pytest.mark.parametrize("name", BAD)
def test_a_clip_that_breaks_a_rule_is_refused_with_its_code(clips: Clips, name: str) -> None:
    code, make = BAD[name]
    with pytest.raises(UnacceptableClip) as caught:
        judged(make(clips))
    assert caught.value.code == code
    assert caught.value.reason.endswith(".")


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("not_mp4", b""),
        ("not_mp4", b"ftyp"),
        ("not_mp4", b"hola, esto es un texto\n" * 100),
        ("not_mp4", b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"),
        ("not_mp4", b"ffconcat version 1.0\nfile other.mp4\n"),
        ("not_mp4", b"\x89PNG\r\n\x1a\n" + bytes(1000)),
        ("truncated", box(b"ftyp", b"isom\0\0\0\0isom")),
        ("truncated", box(b"ftyp", b"isom\0\0\0\0isom") + b"\0\0\0"),
        ("damaged", box(b"ftyp", b"isom\0\0\0\0isom") + struct.pack(">I4s", 5, b"moov")),
        ("damaged", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"\xff\xfe\xfd\xfc", b"x")),
        ("damaged", box(b"ftyp", b"isom\0\0\0\0isom") + struct.pack(">I4s", 1 << 31, b"moov") + bytes(100)),
        ("damaged", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", box(b"trak", b"\0\0\0\x7fmdia"))),
        ("damaged", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", b"\0\0\0\7fre\0\0\0\x08free")),
        ("damaged", box(b"ftyp", b"isom\0\0\0\0isom") + 40 * box(b"moof", bytes(250_000))),
        ("no_video", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", box(b"mvhd", bytes(100)))),
        ("no_video", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", CHILDREN_MAX * box(b"free"))),
        ("damaged", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", (CHILDREN_MAX + 1) * box(b"free"))),
        ("no_video", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov") + struct.pack(">I4s", 0, b"mdat")),
        ("damaged", box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov") + struct.pack(">I4sQ", 1, b"mdat", 1 << 62)),
    ],
)
def test_a_file_that_is_not_a_whole_mp4_is_refused_with_its_code(tmp_path: Path, code: str, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(UnacceptableClip) as caught:
        judged(path)
    assert caught.value.code == code


def _with_count(kind: bytes, count_at: int, count: int, track: int) -> Callable[[Box], None]:
    """Write another number in front of a table, and change nothing else in the file."""

    def edit(root: Box) -> None:
        root.all(b"trak")[track].all(kind)[0].put(count_at, "I", count)

    return edit


def _video_tracks(count: int) -> Callable[[Box], None]:
    def edit(root: Box) -> None:
        moov = root.find(b"moov")
        moov.boxes += [moov.find(b"trak")] * (count - 1)

    return edit


def _fragmented_sound(samples: int) -> Callable[[Box], None]:
    def edit(root: Box) -> None:
        traf = Box(b"traf", boxes=[full(b"tfhd", 2), full(b"trun", samples - 200)])
        root.boxes.append(Box(b"moof", boxes=[traf]))
        root.all(b"stsz")[1].put(8, "I", 0)

    return edit


def _second_edit_list(edits: int) -> Callable[[Box], None]:
    def edit(root: Box) -> None:
        root.find(b"moov", b"trak", b"edts").boxes.append(full(b"elst", edits))

    return edit


@pytest.mark.parametrize(
    ("allowed", "too_much"),
    [
        (_with_count(b"stsz", 8, SAMPLES_MAX - 200, track=1), _with_count(b"stsz", 8, SAMPLES_MAX - 199, track=1)),
        (_fragmented_sound(SAMPLES_MAX), _fragmented_sound(SAMPLES_MAX + 1)),
        (_second_edit_list(EDITS_MAX), _second_edit_list(EDITS_MAX + 1)),
        (_video_tracks(VIDEO_TRACKS_MAX), _video_tracks(VIDEO_TRACKS_MAX + 1)),
    ],
    ids=["samples of a track", "samples of fragments", "edits", "video tracks"],
)
def test_a_number_that_would_cost_a_reader_memory_or_time_is_refused(
    clips: Clips, tmp_path: Path, allowed: Callable[[Box], None], too_much: Callable[[Box], None]
) -> None:
    original = GOOD["with sound"](clips).read_bytes()
    path = tmp_path / "clip.mp4"
    for edit, is_allowed in ((allowed, True), (too_much, False)):
        root = parse(original)
        edit(root)
        path.write_bytes(bytes(root))
        with nullcontext() if is_allowed else pytest.raises(UnacceptableClip, match="damaged"):
            assert judged(path).video


@pytest.mark.parametrize("layout", ["moov in front", "moov at the end"])
@pytest.mark.parametrize("share", [0.999, 0.5, 0.05])
def test_an_upload_that_was_cut_off_is_refused_as_truncated(
    clips: Clips, tmp_path: Path, layout: str, share: float
) -> None:
    whole = GOOD[layout](clips)
    cut = clips.copy(whole, tmp_path / "cut.mp4", size=int(whole.stat().st_size * share))
    with pytest.raises(UnacceptableClip) as caught:
        judged(cut)
    assert caught.value.code == "truncated"


def test_the_length_is_the_sum_of_the_samples_and_not_that_of_the_headers(clips: Clips, tmp_path: Path) -> None:
    data = bytearray(clips.plain(seconds=10).read_bytes())
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.index(name)
        offset = at + (24 if name == b"tkhd" else 20)
        data[offset : offset + 4] = (25_000_000).to_bytes(4)
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(UnacceptableClip) as caught:
        judged(path)
    assert caught.value.code == "too_short"


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_the_size_of_a_rotated_clip_is_that_of_its_coded_picture(clips: Clips, degrees: int) -> None:
    video = judged(clips.rotated(clips.plain(), -degrees)).video
    assert video is not None and (video.width, video.height) == (1920, 1080)


def test_the_colour_of_hdr_is_read(clips: Clips) -> None:
    movie = read_movie(clips.hlg())
    assert movie.video is not None and movie.video.transfer == 18


def test_a_file_and_its_streamed_bytes_give_the_same_movie(clips: Clips) -> None:
    for make in GOOD.values():
        path = make(clips)
        assert read_movie(path) == judged(path)


def test_the_scanner_keeps_only_the_boxes_that_describe_the_movie(clips: Clips) -> None:
    path = GOOD["with sound"](clips)
    scanner = BoxScanner()
    scanner.feed(path.read_bytes())
    assert sum(len(payload) for _, payload in scanner.kept) < 100_000 < path.stat().st_size


@given(st.data())
def test_a_damaged_description_is_refused_or_read_and_raises_no_other_error(clips: Clips, data: st.DataObject) -> None:
    original = GOOD["with sound"](clips).read_bytes()
    moov_at = original.index(b"moov") - 4
    content = bytearray(original[:40] + original[moov_at:])
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] = data.draw(st.integers(0, 255))
    scanner = BoxScanner()
    try:
        scanner.feed(bytes(content))
        scanner.finish()
        judge_movie(describe_movie(scanner))
    except (BadBoxes, UnacceptableClip):
        pass
