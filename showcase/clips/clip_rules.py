"""The rules that a clip must keep (SPEC §1 and §2), judged from its boxes.

The API judges each clip at upload, so that a bad clip is refused before anything is queued. The worker judges it again,
because it relies on no check of another process. The reasons are for the owner of the clip, in Spanish.
"""

from typing import Final

from showcase.clips.movie import Movie, VideoTrack, describe_movie
from showcase.clips.mp4_boxes import BadBoxes, BoxScanner
from showcase.errors import ClipFault, UnacceptableClip

SECONDS_MIN: Final = 20.0
SECONDS_MAX: Final = 60.0
SECONDS_TOLERANCE: Final = 0.5  # a phone's "20 s" clip has 19.9 s, and its "60 s" clip 60.1
SHORT_SIDE_MIN: Final = 1080
PIXELS_MAX: Final = 4096 * 2304
FRAMES_PER_SECOND_MIN: Final = 10
FRAMES_PER_SECOND_MAX: Final = 240

MP4_BRANDS: Final = frozenset(
    ("isom", "mp41", "mp42", "avc1", "hvc1", "M4V", "M4VH", "M4VP", "MSNV", "dash", "cmfc")
) | frozenset(f"iso{n}" for n in range(2, 10))
CODECS: Final = frozenset(("avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "av01", "vp09", "mp4v"))

REASONS: Final[dict[ClipFault, str]] = {
    "not_mp4": "El archivo no es un video MP4.",
    "truncated": "El video está incompleto: la subida o la grabación se cortó.",
    "damaged": "El video está dañado y no se puede leer.",
    "no_video": "El archivo no contiene imagen de video.",
    "codec_unsupported": "El formato de video no es compatible; use H.264 o HEVC.",
    "size_differs": "El archivo no tiene el tamaño anunciado.",
    "too_short": "El video dura menos de 20 segundos.",
    "too_long": "El video dura más de 60 segundos.",
    "resolution_too_low": "La resolución del video es menor que 1080p.",
    "resolution_too_high": "La resolución del video es mayor que 4K.",
    "frame_rate_unsupported": "Los cuadros por segundo del video deben estar entre 10 y 240.",
}


def unacceptable(code: ClipFault) -> UnacceptableClip:
    """The error for a broken rule, with the sentence for the owner of the clip."""
    return UnacceptableClip(code, REASONS[code])


def judge_scan(scanner: BoxScanner) -> Movie:
    """Judge the clip that a finished scanner has seen; return its movie. Raises UnacceptableClip."""
    try:
        movie = describe_movie(scanner)
    except BadBoxes as error:
        raise unacceptable(error.code) from error
    judge_movie(movie)
    return movie


def judge_movie(movie: Movie) -> VideoTrack:
    """Return the video track of a movie that keeps the rules. Raises UnacceptableClip for the first broken rule."""
    if not {brand.strip() for brand in movie.brands} & MP4_BRANDS:
        raise unacceptable("not_mp4")
    video = movie.video
    if video is None:
        raise unacceptable("no_video")
    rules: dict[ClipFault, bool] = {
        "codec_unsupported": video.codec in CODECS,
        "damaged": video.frames > 0,
        "resolution_too_low": min(video.width, video.height) >= SHORT_SIDE_MIN,
        "resolution_too_high": video.width * video.height <= PIXELS_MAX,
        "too_short": video.seconds >= SECONDS_MIN - SECONDS_TOLERANCE,
        "too_long": video.seconds <= SECONDS_MAX + SECONDS_TOLERANCE,
        "frame_rate_unsupported": FRAMES_PER_SECOND_MIN <= video.frames_per_second <= FRAMES_PER_SECOND_MAX,
    }
    for code, is_kept in rules.items():
        if not is_kept:
            raise unacceptable(code)
    return video
