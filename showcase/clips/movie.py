"""Describes the movie in an MP4 file from its boxes: brand, codec, size, true length, colour.

The length is the sum of the sample durations. The headers' lengths are not used, because a file can claim any length.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from showcase.clips.mp4_boxes import BadBoxes, BoxScanner, boxes_at, child, children, scan_file

TABLE_ENTRIES_MAX = 200_000
TRACKS_MAX = 32
VIDEO_TRACKS_MAX = 4  # ffmpeg decodes the first pictures of each, and a 4K decoder takes 25 MB
# A few bytes of a file can claim millions of samples or edits, which cost a reader memory or time. ffmpeg takes 24
# bytes for each sample of each track, even of unused tracks, and looks at all samples of a track for each of its edits.
SAMPLES_MAX = 4_000_000  # uncompressed sound has one sample for each moment: a minute at 48 kHz has 2.9 million
EDITS_MAX = 100

TRANSFER_UNSPECIFIED = 2  # ITU-T H.273


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The first video track. Sizes are those of the coded picture, in pixels, before any rotation."""

    codec: str  # four-character code of the sample entry, for example avc1
    width: int
    height: int
    seconds: float
    frames: int
    transfer: int  # ITU-T H.273 transfer characteristics; 2 when the file does not say
    decoder_configuration: bytes  # the avcC box; clips can be joined without re-encoding only if theirs are equal

    @property
    def frames_per_second(self) -> float:
        return self.frames / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Movie:
    """The brands of an MP4 file and its first video track, or None if it has none."""

    brands: frozenset[str]
    video: VideoTrack | None


def read_movie(path: Path) -> Movie:
    """Describe a file. Raises BadBoxes."""
    return describe_movie(scan_file(path))


def describe_movie(scanner: BoxScanner) -> Movie:
    """Describe what a finished scanner kept. Raises BadBoxes."""
    try:
        return _describe(scanner)
    except (struct.error, IndexError, UnicodeDecodeError, ZeroDivisionError) as error:
        raise BadBoxes("damaged", f"the description of the movie is damaged: {error}") from error


def _describe(scanner: BoxScanner) -> Movie:
    ftyp = next(payload for kind, payload in scanner.kept if kind == b"ftyp")
    moov = next(payload for kind, payload in scanner.kept if kind == b"moov")
    moofs = [payload for kind, payload in scanner.kept if kind == b"moof"]
    tracks = [payload for kind, payload in children(moov) if kind == b"trak"]
    handlers = [child(track, b"mdia", b"hdlr") for track in tracks]
    video_tracks = [
        track
        for track, handler in zip(tracks, handlers, strict=True)
        if handler is not None and bytes(handler[8:12]) == b"vide"
    ]
    if len(tracks) > TRACKS_MAX or len(video_tracks) > VIDEO_TRACKS_MAX:
        raise BadBoxes("damaged", f"the movie has {len(tracks)} tracks, {len(video_tracks)} of them video")
    _check_claims(moov, moofs)
    major_and_compatible = [ftyp[:4], *(ftyp[i : i + 4] for i in range(8, len(ftyp) - 3, 4))]
    return Movie(
        brands=frozenset(brand.decode("latin-1") for brand in major_and_compatible),
        video=_describe_video(moov, video_tracks[0], moofs) if video_tracks else None,
    )


def _check_claims(moov: bytes, moofs: list[bytes]) -> None:
    """Refuse a file that claims more samples or edits than any clip has.

    Duplicate boxes count too, because this module reads the first of them and ffmpeg the last.
    """
    table = (b"trak", b"mdia", b"minf", b"stbl")
    sizes = (*boxes_at(moov, *table, b"stsz"), *boxes_at(moov, *table, b"stz2"))
    runs = (run for moof in moofs for run in boxes_at(moof, b"traf", b"trun"))
    edit_lists = boxes_at(moov, b"trak", b"edts", b"elst")
    samples = sum(_uint32(box, 8) for box in sizes) + sum(_uint32(run, 4) for run in runs)
    edits = max((_uint32(box, 4) for box in edit_lists), default=0)
    if samples > SAMPLES_MAX or edits > EDITS_MAX:
        raise BadBoxes("damaged", f"the movie claims {samples} samples, and {edits} edits of a track")


def _uint32(box: bytes | memoryview, offset: int) -> int:
    return int(struct.unpack_from(">I", box, offset)[0])


def _after_times(box: memoryview) -> int:
    """The offset behind the creation and modification times of an mvhd, tkhd or mdhd box (64 bits in version 1)."""
    return 20 if box[0] == 1 else 12


def _required(payload: bytes | memoryview, *path: bytes) -> memoryview:
    box = child(payload, *path)
    if box is None:
        raise BadBoxes("damaged", f"the movie has no {path[-1]!r} box")
    return box


def _describe_video(moov: bytes, track: memoryview, moofs: list[bytes]) -> VideoTrack:
    tkhd = _required(track, b"tkhd")
    mdhd = _required(track, b"mdia", b"mdhd")
    table = _required(track, b"mdia", b"minf", b"stbl")
    timescale = _uint32(mdhd, _after_times(mdhd))  # ticks in a second
    ticks = frames = 0
    for count, duration in struct.iter_unpack(">II", _entries(_required(table, b"stts"), 8)):
        ticks += count * duration
        frames += count
    if moofs:
        fragment_ticks, fragment_frames = _measure_fragments(moov, moofs, _uint32(tkhd, _after_times(tkhd)))
        ticks += fragment_ticks
        frames += fragment_frames
    codec, entry = next(children(_required(table, b"stsd")[8:]), (b"", memoryview(b"")))
    width, height = struct.unpack_from(">HH", entry, 24)
    inner = dict(children(entry[78:]))  # after the fixed fields of a VisualSampleEntry
    colour, transfer = inner.get(b"colr", memoryview(b"")), TRANSFER_UNSPECIFIED
    if bytes(colour[:4]) in (b"nclx", b"nclc"):
        (transfer,) = struct.unpack_from(">H", colour, 6)
    return VideoTrack(
        codec=codec.decode("latin-1"),
        width=width,
        height=height,
        seconds=_shown_seconds(ticks / timescale, moov, track),
        frames=frames,
        transfer=transfer,
        decoder_configuration=bytes(inner.get(b"avcC", b"")),
    )


def _entries(box: memoryview, entry_bytes: int) -> memoryview:
    """The entries of a full box that begins with their number."""
    count = _uint32(box, 4)
    entries = box[8 : 8 + count * entry_bytes]
    if count > TABLE_ENTRIES_MAX or len(entries) != count * entry_bytes:
        raise BadBoxes("damaged", f"a table claims {count} entries")
    return entries


def _shown_seconds(seconds: float, moov: bytes, track: memoryview) -> float:
    """The length that a player shows. An edit list can cut samples away; it cannot add any."""
    elst = child(track, b"edts", b"elst")
    if elst is None:
        return seconds
    mvhd = _required(moov, b"mvhd")
    timescale = _uint32(mvhd, _after_times(mvhd))
    long = elst[0] == 1
    entries = struct.iter_unpack(">Qqhh" if long else ">Iihh", _entries(elst, 20 if long else 12))
    shown = sum(duration for duration, media_time, *_ in entries if media_time >= 0) / timescale
    return min(seconds, shown) if shown else seconds  # in a fragmented file, 0 means the whole length


def _measure_fragments(moov: bytes, moofs: list[bytes], track_id: int) -> tuple[int, int]:
    """The duration in ticks and the number of a track's samples in all fragments."""
    movie_default = 0  # duration of a sample, in ticks
    for kind, trex in children(child(moov, b"mvex") or b""):
        if kind == b"trex" and _uint32(trex, 4) == track_id:
            movie_default = _uint32(trex, 12)
            break
    ticks = frames = 0
    for traf in (payload for moof in moofs for kind, payload in children(moof) if kind == b"traf"):
        tfhd = _required(traf, b"tfhd")
        if _uint32(tfhd, 4) != track_id:
            continue
        flags = int.from_bytes(tfhd[1:4])
        default = movie_default
        if flags & 0x08:
            default = _uint32(tfhd, 8 + (8 if flags & 0x01 else 0) + (4 if flags & 0x02 else 0))
        for run in (payload for kind, payload in children(traf) if kind == b"trun"):
            run_ticks, run_frames = _measure_run(run, default)
            ticks += run_ticks
            frames += run_frames
    return ticks, frames


def _measure_run(trun: memoryview, default_ticks: int) -> tuple[int, int]:
    """The duration in ticks and the number of the samples of one run."""
    flags = int.from_bytes(trun[1:4])
    count = _uint32(trun, 4)
    if count > TABLE_ENTRIES_MAX:
        raise BadBoxes("damaged", f"a run claims {count} samples")
    if not flags & 0x100:
        return count * default_ticks, count
    start = 8 + (4 if flags & 0x01 else 0) + (4 if flags & 0x04 else 0)
    entry_words = 1 + sum(bool(flags & flag) for flag in (0x200, 0x400, 0x800))
    words = struct.unpack_from(f">{count * entry_words}I", trun, start)
    return sum(words[::entry_words]), count
