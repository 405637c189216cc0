"""The clip pipeline on real files with a real ffmpeg: odd clips become correct, and bad clips are refused cleanly."""

import subprocess
import threading
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from showcase.clips.movie import read_movie
from showcase.errors import UnacceptableClip
from tests.clips import X264, X265, Clips
from tests.worker.media.pictures import Pictures, header_of, is_near
from worker.media import pipeline, transcode
from worker.media.pipeline import BUMPER_FRAMES, Source, body_command
from worker.media.transcode import Transcoder

MIDDLE = 4  # a second of each result that shows its clip
BLACK, RED, LIME, BLUE = (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)


def quarters(size: str) -> str:
    """A picture with four coloured quarters: red and green above, blue and white below."""
    width, height = (int(side) for side in size.split("x"))
    boxes = ",".join(
        f"drawbox=x={x}:y={y}:w={width // 2}:h={height // 2}:c={colour}:t=fill"
        for colour, x, y in (
            ("red", 0, 0), ("lime", width // 2, 0), ("blue", 0, height // 2), ("white", width // 2, height // 2)
        )
    )  # fmt: skip
    return f"color=c=black:s={size}:r=10,{boxes}"


ODD: dict[str, Callable[[Clips], Path]] = {
    "plain": lambda c: c.plain(),
    "no audio": lambda c: c.pattern(),
    "audio": lambda c: c.with_sound(),
    "portrait": lambda c: c.still(quarters("1080x1920")),
    "4:3": lambda c: c.still(quarters("1440x1080")),
    "anamorphic": lambda c: c.still(quarters("1440x1080") + ",setsar=4/3"),
    "rotated by metadata": lambda c: c.rotated(c.still(quarters("1920x1080")), -90),
    "variable frame rate": lambda c: c.pattern(
        *X264, "-fps_mode", "vfr", rate="30", filters="select='not(mod(n\\,3))+between(mod(n\\,90)\\,0\\,44)'"),
    "HEVC": lambda c: c.still(quarters("1920x1080"), options=(*X265, "-pix_fmt", "yuv420p")),
    "10-bit HEVC": lambda c: c.still(quarters("1920x1080"), options=(*X265, "-pix_fmt", "yuv420p10")),
    "HDR (HLG)": lambda c: c.hlg("0xBFBFBF"),
    "120 fps": lambda c: c.still("color=c=teal:s=1920x1080:r=120"),
    "odd dimensions": lambda c: c.still(
        "testsrc2=s=1921x1081:r=10", options=("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")),
    "fragmented": lambda c: c.remuxed(c.plain(), "-movflags", "+frag_keyframe+empty_moov"),
    "moov in front": lambda c: c.remuxed(c.plain(), "-movflags", "+faststart"),
    "full range, as some phones": lambda c: c.still(
        "color=c=gray:s=1920x1080:r=10,format=yuvj420p", options=("-c:v", "libx264", "-preset", "ultrafast")),
    "video starts late": lambda c: c.make("-f", "lavfi", "-i", "sine=d=22", "-itsoffset", "1", "-i", str(c.plain()),
                                          "-c:v", "copy", "-c:a", "aac"),
    "cut by an edit list": lambda c: c.make("-ss", "7.3", "-i", str(c.plain(seconds=30)), "-c", "copy"),
    "long": lambda c: c.plain(seconds=60),
    "real camera footage": lambda c: c.camera_footage(),
}  # fmt: skip


def stands_upright_between_black_bars(pictures: Pictures, result: Path) -> None:
    frame = pictures.at(result, MIDDLE)
    left, right = 640 - 202, 640 + 202  # 720 * 9 / 16 = 405 wide
    assert is_near(frame.mean(0, 0, left - 8, 720), BLACK)
    assert is_near(frame.mean(right + 8, 0, 1280 - right - 8, 300), BLACK)
    assert is_near(frame.mean(left + 8, 40, 180, 200), RED)
    assert is_near(frame.mean(660, 40, 160, 200), LIME)
    assert is_near(frame.mean(left + 8, 400, 180, 200), BLUE)


def is_not_stretched(pictures: Pictures, result: Path) -> None:
    frame = pictures.at(result, MIDDLE)
    assert is_near(frame.mean(0, 0, 150, 720), BLACK)
    assert is_near(frame.mean(170, 40, 400, 200), RED)
    assert is_near(frame.mean(660, 40, 440, 200), LIME)


def fills_the_picture(pictures: Pictures, result: Path) -> None:
    frame = pictures.at(result, MIDDLE)
    assert is_near(frame.mean(8, 40, 600, 200), RED)
    assert is_near(frame.mean(660, 40, 600, 200), LIME)


def is_turned_clockwise(pictures: Pictures, result: Path) -> None:
    """Blue over white on the left becomes blue, red on top."""
    frame = pictures.at(result, MIDDLE)
    assert is_near(frame.mean(0, 0, 400, 720), BLACK)
    assert is_near(frame.mean(450, 40, 160, 200), BLUE)
    assert is_near(frame.mean(660, 40, 160, 200), RED)


def has_the_range_of_a_normal_screen(pictures: Pictures, result: Path) -> None:
    red, green, blue = pictures.at(result, MIDDLE).mean(200, 200, 300, 300)
    assert max(red, green, blue) - min(red, green, blue) <= 6, "grey stays grey"
    assert 165 <= green <= 250, "75 % of HLG is the white of paper"


def has_both_bumpers_and_the_watermark(pictures: Pictures, result: Path) -> None:
    navy = (0, 0, 128)
    opening, body, closing = (pictures.at(result, second) for second in (1.5, 12.0, 23.5))
    assert is_near(body.mean(100, 100, 900, 300), navy, 10)
    for bumper in (opening, closing):
        assert not is_near(bumper.mean(0, 0, 1280, 720), navy, 40)
    corner = body.mean(1280 - 32 - 200, 720 - 32 - 60, 200, 60)
    assert not is_near(corner, navy, 12), "the watermark is visible"
    assert is_near(pictures.at(result, 2.6).mean(100, 100, 900, 300), navy, 10), "the clip begins after 2.5 s"
    assert is_near(pictures.at(result, 22.4).mean(100, 100, 900, 300), navy, 10), "and ends 20 s later"


def is_trimmed_to_thirty_seconds(_pictures: Pictures, result: Path) -> None:
    video = read_movie(result).video
    assert video and video.frames == 900 + 2 * BUMPER_FRAMES and video.seconds == 35.0


# Further properties of the results of some clips above.
LOOKS: dict[str, Callable[[Pictures, Path], None]] = {
    "plain": has_both_bumpers_and_the_watermark,
    "long": is_trimmed_to_thirty_seconds,
    "portrait": stands_upright_between_black_bars,
    "4:3": is_not_stretched,
    "anamorphic": fills_the_picture,
    "HEVC": fills_the_picture,
    "10-bit HEVC": fills_the_picture,
    "rotated by metadata": is_turned_clockwise,
    "HDR (HLG)": has_the_range_of_a_normal_screen,
}


# The length of these results is a part of the test. A few seconds of the other clips show all that is odd in them.
ENCODED_WHOLE = {"plain", "long", "video starts late", "cut by an edit list"}


@pytest.mark.parametrize("name", ODD)
def test_every_acceptable_clip_becomes_a_broadcast_clip(
    clips: Clips,
    transcoder: Transcoder,
    pictures: Pictures,
    job_directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    body_seconds = 30
    if name not in ENCODED_WHOLE:
        body_seconds = 5
        for module in (pipeline, transcode):
            monkeypatch.setattr(module, "BODY_SECONDS_MAX", body_seconds)
    progress: list[int] = []
    result = transcoder.transcode(ODD[name](clips), job_directory, threading.Event(), progress.append)
    assert result
    video = read_movie(result).video
    assert video and (video.codec, video.width, video.height) == ("avc1", 1280, 720)
    header = header_of(result)
    assert b"moov" in header and b"mvex" not in header, "not fragmented"
    assert b"soun" not in header, "no sound"
    assert "rotation" not in pictures.description(result)
    assert min(19, body_seconds) <= video.seconds - 5 <= body_seconds and video.frames == round(video.seconds * 30)
    assert pictures.complaints(result) == ""
    assert progress == sorted(progress) and 95 <= progress[-1] <= 99
    if name in LOOKS:
        LOOKS[name](pictures, result)


@pytest.mark.parametrize("rate", ["30", "50", "60000/1001", "60", "120", "240"])
def test_motion_stays_even_at_every_frame_rate(
    clips: Clips, transcoder: Transcoder, pictures: Pictures, tmp_path: Path, rate: str
) -> None:
    bar = f"color=white:s=4x720:r={rate}:d=2[bar];color=s=1280x720:r={rate}:d=2[night];[night][bar]overlay=x=480*t+1"
    in_milliseconds = ("-video_track_timescale", "1000")  # so that no frame is exactly at its time
    clip = clips.make("-f", "lavfi", "-i", bar, *X264, *in_milliseconds)
    body = tmp_path / "body.mp4"
    watermark = transcoder.artwork.copy_to(tmp_path).watermark
    command = body_command(transcoder.encoder, Source(clip.resolve(), 2), watermark, body, threads=1)
    subprocess.run(command, check=True, timeout=60)
    seconds = [place / 480 for place in pictures.bars(body)]
    steps = [after - before for before, after in pairwise(seconds)]
    assert len(seconds) == 60 and min(steps) > 0, "no picture is shown twice"
    assert max(steps) <= 1 / 30 + 0.5 / float(Fraction(rate)), "no picture is left out"


BAD: dict[str, tuple[str, Callable[[Clips, Path], Path]]] = {
    "truncated": ("truncated", lambda c, t: c.copy(c.pattern(), t / "x.mp4", size=1_000_000)),
    "10 s": ("too_short", lambda c, _: c.plain(seconds=10)),
    "90 s": ("too_long", lambda c, _: c.plain(seconds=90)),
    "720p": ("resolution_too_low", lambda c, _: c.plain(size="1280x720")),
    "audio only": ("no_video", lambda c, _: c.make("-f", "lavfi", "-i", "sine=d=25", "-c:a", "aac")),
    "bits flipped": ("damaged", lambda c, t: with_noise(c.pattern(), t / "noise.mp4")),
}


def with_noise(source: Path, target: Path) -> Path:
    """A copy with correct boxes and damaged pictures."""
    data = bytearray(source.read_bytes())
    start = data.index(b"mdat") + 4
    for position in range(start + 200_000, start + 400_000):
        data[position] ^= 0x5A
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("name", BAD)
def test_a_bad_clip_is_refused_with_a_reason_for_its_owner(
    clips: Clips, transcoder: Transcoder, job_directory: Path, tmp_path: Path, name: str
) -> None:
    code, make = BAD[name]
    with pytest.raises(UnacceptableClip) as caught:
        transcoder.transcode(make(clips, tmp_path), job_directory, threading.Event(), lambda _percent: None)
    assert caught.value.code == code
    assert caught.value.reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text", b"esto no es un video\n" * 1000),
        ("playlist", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.ts\n#EXT-X-ENDLIST\n"),
        ("concat script", b"ffconcat version 1.0\nfile 'secret.mp4'\n"),
        ("empty", b""),
    ],
)
def test_ffmpeg_never_opens_a_file_that_is_not_mp4(
    transcoder: Transcoder, job_directory: Path, name: str, content: bytes
) -> None:
    source = job_directory / "original.mp4"
    source.write_bytes(content)
    with pytest.raises(UnacceptableClip) as caught:
        transcoder.transcode(source, job_directory, threading.Event(), lambda _percent: None)
    assert caught.value.code == "not_mp4"
    assert not (job_directory / "body.mp4").exists()


def test_an_owner_cannot_smuggle_options_into_the_command(transcoder: Transcoder, tmp_path: Path) -> None:
    source = Source(tmp_path / "-vf movie=x; rm -rf.mp4", transfer=2)
    command = body_command(transcoder.encoder, source, tmp_path / "mark.png", tmp_path / "body.mp4", threads=1)
    at = command.index(str(source.path))
    assert command[at - 1] == "-i"
    for option in ("-protocol_whitelist", "-format_whitelist", "-codec_whitelist", "-max_pixels", "-err_detect"):
        assert option in command[:at], f"{option} guards the owner's file"


def test_the_sound_is_not_decoded_and_causes_no_warnings(
    clips: Clips, transcoder: Transcoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "BODY_SECONDS_MAX", 1)
    source = Source(clips.with_sound().resolve(), transfer=2)
    watermark = transcoder.artwork.copy_to(tmp_path).watermark
    command = body_command(transcoder.encoder, source, watermark, tmp_path / "body.mp4", threads=1)
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert made.stderr == ""
    assert "aac" not in command[command.index("-codec_whitelist") + 1]
