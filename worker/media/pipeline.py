"""The ffmpeg graphs as commands. Nothing in this file runs them.

The body is decoded and encoded once. Bumpers are encoded once for all clips and joined by copying. Copying works only
if all parts have the same decoder configuration, which depends on preset, CRF, size, rate and colour tags. So one
``_encode`` serves all parts (measured in docs/VIDEO.md).
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

# The owner's file is untrusted: it is opened as MP4 only, from the local disk only, and by these decoders only.
_UNTRUSTED_INPUT = {
    "f": "mov",
    "protocol_whitelist": "file",
    "format_whitelist": "mov",
    "codec_whitelist": "h264,hevc,av1,libdav1d,vp9,mpeg4,pcm_u8",
    "c:a": "pcm_u8",  # the sound is dropped; declared as PCM, it is not even decoded
    "max_streams": 2 * TRACKS_MAX,  # a cover picture is a stream, too
    "max_pixels": PIXELS_MAX,
    "err_detect": "explode",
}
# The operator names the artwork. A picture is opened in its own format, and a video only as one of these, because
# ffmpeg would play a text, a playlist or a list of files, too. An incomplete file is an error, not a shorter video.
_ARTWORK_INPUT = {"protocol_whitelist": "file", "err_detect": "explode"}
_VIDEO_FORMATS = "mov,matroska,webm"
_WATERMARK_INPUT = {"f": "png_pipe", "err_detect": "explode", "max_pixels": WIDTH * HEIGHT}
_HDR = {18: "arib-std-b67", 16: "smpte2084"}  # ITU-T H.273 transfer characteristics: HLG and PQ
_SDR_WHITE_NITS = 203  # ITU-R BT.2408


@dataclass(frozen=True, slots=True)
class Source:
    """The clip of the owner. ``transfer`` is the transfer characteristic in its boxes (ITU-T H.273)."""

    path: Path
    transfer: int

    @property
    def is_hdr(self) -> bool:
        return self.transfer in _HDR


def body_command(encoder: Encoder, source: Source, watermark: Path, target: Path, *, threads: int) -> list[str]:
    """Trim the clip, turn it upright, fit it into 16:9, drop the sound, draw the watermark, and encode it."""
    clip = ffmpeg.input(str(source.path), t=BODY_SECONDS_MAX, **_UNTRUSTED_INPUT, **_threads(threads))
    picture = _fit(clip["V:0"])
    if source.is_hdr and encoder.tone_maps:
        picture = _tone_map(picture, source.transfer)
    # fps comes before the watermark, because overlay loses the duration of the last frame if this input ends first.
    # trim follows at once, because fps repeats a long frame for its whole duration.
    paced = picture.filter("fps", FRAMES_PER_SECOND).filter("trim", end_frame=BODY_SECONDS_MAX * FRAMES_PER_SECOND)
    watermark_picture = ffmpeg.input(str(watermark), protocol_whitelist="file", **_WATERMARK_INPUT)
    marked = paced.overlay(watermark_picture, x=f"W-w-{WATERMARK_MARGIN}", y=f"H-h-{WATERMARK_MARGIN}")
    return _compiled(encoder, _encode(marked, target, threads))


def bumper_command(encoder: Encoder, artwork: Path, target: Path, *, picture_format: str | None) -> list[str]:
    """Turn a video, or a picture of this format, into exactly BUMPER_FRAMES frames, encoded like a body."""
    paced = (
        _fit(_bumper_input(artwork, picture_format)["V:0"])
        .filter("fps", FRAMES_PER_SECOND)
        .filter("tpad", stop_mode="clone", stop=BUMPER_FRAMES)
        .filter("trim", end_frame=BUMPER_FRAMES)
    )
    return _compiled(encoder, _encode(paced, target, threads=0))


def bumper_check_command(encoder: Encoder, artwork: Path, *, picture_format: str | None) -> list[str]:
    """Decode what ``bumper_command`` decodes, and write nothing."""
    return _compiled(encoder, _bumper_input(artwork, picture_format)["V:0"].output("-", f="null"))


def watermark_check_command(encoder: Encoder) -> list[str]:
    """Decode a watermark from standard input as ``body_command`` does, and write nothing."""
    picture = ffmpeg.input("pipe:0", protocol_whitelist="pipe", **_WATERMARK_INPUT)
    return _compiled(encoder, picture["V:0"].output("-", f="null"))


def _bumper_input(artwork: Path, picture_format: str | None) -> ffmpeg.nodes.FilterableStream:
    demuxer = {"f": picture_format} if picture_format else {"format_whitelist": _VIDEO_FORMATS}
    return ffmpeg.input(str(artwork), t=BUMPER_SECONDS, **demuxer, **_ARTWORK_INPUT)


def join_command(encoder: Encoder, parts_list: Path, target: Path) -> list[str]:
    """Join parts by copying. ``parts_list`` is a file with the text of ``parts_list_text``."""
    parts = ffmpeg.input(str(parts_list), f="concat", safe=0, auto_convert=0)
    joined = parts["v:0"].output(
        str(target), c="copy", video_track_timescale=TIMESCALE, movflags="+faststart", map_metadata=-1
    )
    return _compiled(encoder, joined)


def parts_list_text(parts: list[Path]) -> str:
    """The input of ffmpeg's concat demuxer."""
    lines = (f"file '{str(part.resolve()).replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))}'" for part in parts)
    return "ffconcat version 1.0\n" + "\n".join(lines) + "\n"


def _slot(seconds: str) -> str:
    """The number of the result's frame that shows this moment. With 0.3, no usual frame rate has moments on an edge."""
    return f"floor({seconds}*{FRAMES_PER_SECOND}+0.3)"


def _fit(picture: ffmpeg.nodes.FilterableStream) -> ffmpeg.nodes.FilterableStream:
    """Fit the picture into 1280x720 with bars, without stretching. The shape of the pixels is respected."""
    is_wider = f"gt(iw*sar,ih*{WIDTH}/{HEIGHT})"
    return (
        picture.filter("setpts", "PTS-STARTPTS")
        .filter("select", f"not(eq({_slot('t')},{_slot('prev_selected_t')}))")  # other frames need no scaling
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
    """Turn HDR into SDR. The clip is tagged as BT.2020, like all HDR, because zscale refuses senseless tags."""
    return (
        picture.filter("format", "yuv420p10")
        .filter("setparams", color_primaries="bt2020", color_trc=_HDR[transfer], colorspace="bt709")  # see ``_fit``
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
    with_options = output.global_args(
        "-v", "error", "-nostdin", "-nostats", "-xerror",
        "-progress", "pipe:1", "-stats_period", str(PROGRESS_SECONDS),
    )  # fmt: skip
    return list(ffmpeg.compile(with_options, cmd=encoder.path, overwrite_output=True))
