"""The ffmpeg graphs, as commands; nothing here runs anything.

One decode and one encode of the body; bumpers are encoded once and joined by copying. For that, every
part must carry the same decoder configuration, which preset, CRF, size, rate and colour tags decide:
hence one ``_encode`` for all (measured in docs/VIDEO.md).
"""

from dataclasses import dataclass
from pathlib import Path

import ffmpeg

from showcase.clips.clip_rules import PIXELS_MAX
from showcase.clips.movie import TRACKS_MAX
from worker.media.encoder import Encoder

WIDTH, HEIGHT = 1280, 720
FRAMES_PER_SECOND = 30
BODY_SECONDS_MAX = 30
BUMPER_SECONDS = 2.5
BUMPER_FRAMES = 75
TIMESCALE = 15_360
PROGRESS_SECONDS = 0.5
WATERMARK_MARGIN = 32

PRESET = "veryfast"
CRF = 23

# The owner's file is opened as MP4 or not at all, from the local disk only, by decoders we chose.
_DISTRUST = {
    "f": "mov",
    "protocol_whitelist": "file",
    "format_whitelist": "mov",
    "codec_whitelist": "h264,hevc,av1,libdav1d,vp9,mpeg4,pcm_u8",
    "c:a": "pcm_u8",  # the sound is dropped; called PCM, it is not decoded before that either
    "max_streams": 2 * TRACKS_MAX,  # covers are streams, too
    "max_pixels": PIXELS_MAX,
    "err_detect": "explode",
}
_HDR = {18: "arib-std-b67", 16: "smpte2084"}  # ITU-T H.273 transfer characteristics: HLG and PQ
_SDR_WHITE_NITS = 203  # ITU-R BT.2408


@dataclass(frozen=True, slots=True)
class Source:
    """The clip of the owner, and what its boxes said about its colour."""

    path: Path
    transfer: int

    @property
    def is_hdr(self) -> bool:
        return self.transfer in _HDR


def body_command(encoder: Encoder, source: Source, watermark: Path, target: Path, *, threads: int) -> list[str]:
    """Trim, turn upright, fit into 16:9, drop the sound, mark, encode."""
    clip = ffmpeg.input(str(source.path), t=BODY_SECONDS_MAX, **_DISTRUST, **_threads(threads))
    picture = _fit(clip["V:0"])
    if source.is_hdr and encoder.tone_maps:
        picture = _tone_map(picture, source.transfer)
    # Paced before the mark: overlay forgets how long the last frame lasts when it is the first of its inputs to end.
    # And trimmed right there: fps writes as many frames as a long one lasts, whether anybody asks for them or not.
    paced = picture.filter("fps", FRAMES_PER_SECOND).filter("trim", end_frame=BODY_SECONDS_MAX * FRAMES_PER_SECOND)
    mark = ffmpeg.input(str(watermark), f="png_pipe", protocol_whitelist="file")
    marked = paced.overlay(mark, x=f"W-w-{WATERMARK_MARGIN}", y=f"H-h-{WATERMARK_MARGIN}")
    return _compiled(encoder, _encode(marked, target, threads))


def bumper_command(encoder: Encoder, artwork: Path, target: Path, *, is_still: bool) -> list[str]:
    """Any video or still as exactly BUMPER_FRAMES frames, encoded like a body."""
    options = {"loop": 1, "framerate": FRAMES_PER_SECOND} if is_still else {}
    picture = _fit(ffmpeg.input(str(artwork), t=BUMPER_SECONDS, **options)["V:0"])
    paced = (
        picture.filter("fps", FRAMES_PER_SECOND)
        .filter("tpad", stop_mode="clone", stop=BUMPER_FRAMES)
        .filter("trim", end_frame=BUMPER_FRAMES)
    )
    return _compiled(encoder, _encode(paced, target, threads=0))


def join_command(encoder: Encoder, parts_list: Path, target: Path) -> list[str]:
    """The parts one after another, copied; ``parts_list`` is what ``parts_list_text`` made."""
    parts = ffmpeg.input(str(parts_list), f="concat", safe=0, auto_convert=0)
    joined = parts["v:0"].output(
        str(target), c="copy", video_track_timescale=TIMESCALE, movflags="+faststart", map_metadata=-1
    )
    return _compiled(encoder, joined)


def parts_list_text(parts: list[Path]) -> str:
    """The input of the concat demuxer."""
    lines = (f"file '{str(part.resolve()).replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))}'" for part in parts)
    return "ffconcat version 1.0\n" + "\n".join(lines) + "\n"


def _slot(seconds: str) -> str:
    """Which frame of the result a moment belongs to. 0.3 keeps the frames of all usual rates off the edges."""
    return f"floor({seconds}*{FRAMES_PER_SECOND}+0.3)"


def _fit(picture: ffmpeg.nodes.FilterableStream) -> ffmpeg.nodes.FilterableStream:
    """Into 1280x720 with bars, never stretched: pixels that are not square are taken into account."""
    is_wider = f"gt(iw*sar,ih*{WIDTH}/{HEIGHT})"
    return (
        picture.filter("setpts", "PTS-STARTPTS")
        .filter("select", f"not(eq({_slot('t')},{_slot('prev_selected_t')}))")  # frames not shown need no scaling
        .filter(
            "scale",
            f"if({is_wider},{WIDTH},max(2,2*floor({HEIGHT}*iw*sar/ih/2+0.5)))",
            f"if({is_wider},max(2,2*floor({WIDTH}*ih/(iw*sar)/2+0.5)),{HEIGHT})",
            flags="bicubic",
            out_range="tv",
            out_color_matrix="bt709",
        )
        .filter("setsar", 1)
        .filter("pad", WIDTH, HEIGHT, "(ow-iw)/2", "(oh-ih)/2")
    )


def _tone_map(picture: ffmpeg.nodes.FilterableStream, transfer: int) -> ffmpeg.nodes.FilterableStream:
    """Whatever else the clip says, it is taken for BT.2020, as HDR is: zscale refuses tags that make no sense."""
    return (
        picture.filter("format", "yuv420p10")
        .filter("setparams", color_primaries="bt2020", color_trc=_HDR[transfer], colorspace="bt709")  # scaled to that
        .filter("zscale", t="linear", npl=_SDR_WHITE_NITS)
        .filter("format", "gbrpf32le")
        .filter("zscale", p="bt709")
        .filter("tonemap", "mobius", desat=0)
        .filter("zscale", t="bt709", m="bt709", r="tv")
        .filter("format", "yuv420p")
    )


def _encode(picture: ffmpeg.nodes.FilterableStream, target: Path, threads: int) -> ffmpeg.nodes.OutputStream:
    tagged = picture.filter("format", "yuv420p").filter(
        "setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709"
    )
    return tagged.output(
        str(target),
        an=None,
        sn=None,
        dn=None,
        map_metadata=-1,
        map_chapters=-1,
        preset=PRESET,
        crf=CRF,
        g=2 * FRAMES_PER_SECOND,
        r=FRAMES_PER_SECOND,
        video_track_timescale=TIMESCALE,
        **{"c:v": "libx264", "profile:v": "high", "level:v": "3.1"},
        **_threads(threads),
    )


def _threads(threads: int) -> dict[str, int]:
    return {"threads": threads} if threads else {}


def _compiled(encoder: Encoder, output: ffmpeg.nodes.OutputStream) -> list[str]:
    behaved = output.global_args(
        "-v", "error", "-nostdin", "-nostats", "-xerror",
        "-progress", "pipe:1", "-stats_period", str(PROGRESS_SECONDS),
    )  # fmt: skip
    return list(ffmpeg.compile(behaved, cmd=encoder.path, overwrite_output=True))
