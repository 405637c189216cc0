"""What the boxes of an MP4 tell about the movie in it: brand, codec, size, rotation, true length, colour.

The lengths are added up from the samples; what the headers claim is not believed.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from showcase.clips.mp4_boxes import BadBoxes, BoxScanner, child, children, every, scan_file

TABLE_ENTRIES_MAX = 200_000
TRACKS_MAX = 32
VIDEO_TRACKS_MAX = 4  # ffmpeg looks at the first pictures of each, and a 4K decoder takes 25 MB
# What a file may claim in a few bytes, and a reader then keeps or walks through: ffmpeg takes 24 bytes for each
# sample of each track, whether it is used or not, and looks at all samples of a track for each of its edits.
SAMPLES_MAX = 4_000_000  # uncompressed sound has one for each moment: a minute at 48 kHz has 2.9 million
EDITS_MAX = 100


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The first video track. Sizes are of the coded picture, in pixels, before rotation."""

    codec: str  # four-character code of the sample entry, for example avc1
    width: int
    height: int
    rotation_degrees: int  # clockwise, as the player must turn it
    seconds: float
    frames: int
    transfer: int  # ITU-T H.273 transfer characteristics; 2 when the file does not say
    decoder_configuration: bytes  # the avcC box; equal in all parts that may be joined

    @property
    def frames_per_second(self) -> float:
        return self.frames / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Movie:
    """What an MP4 file contains."""

    brands: frozenset[str]
    video: VideoTrack | None
    has_audio: bool
    is_fragmented: bool


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
    moov = next(payload for kind, payload in scanner.kept if kind == b"moov")
    moofs = [payload for kind, payload in scanner.kept if kind == b"moof"]
    traks = [payload for kind, payload in children(moov) if kind == b"trak"]
    handlers = [_handler(trak) for trak in traks]
    if len(traks) > TRACKS_MAX or handlers.count("vide") > VIDEO_TRACKS_MAX:
        raise BadBoxes("damaged", f"the movie has {len(traks)} tracks, {handlers.count('vide')} of them video")
    _check_claims(moov, moofs)
    video = None
    if "vide" in handlers:
        video = _video_track(moov, traks[handlers.index("vide")], moofs)
    return Movie(
        brands=_brands(scanner),
        video=video,
        has_audio="soun" in handlers,
        is_fragmented=child(moov, b"mvex") is not None,
    )


def _check_claims(moov: bytes, moofs: list[bytes]) -> None:
    """Of all boxes that there are, also where only one should be: the last counts for ffmpeg, the first for us."""
    table = (b"trak", b"mdia", b"minf", b"stbl")
    sizes = (*every(moov, *table, b"stsz"), *every(moov, *table, b"stz2"))
    runs = (run for moof in moofs for run in every(moof, b"traf", b"trun"))
    samples = sum(_number(box, 8) for box in sizes) + sum(_number(run, 4) for run in runs)
    edits = max((_number(box, 4) for box in every(moov, b"trak", b"edts", b"elst")), default=0)
    if samples > SAMPLES_MAX or edits > EDITS_MAX:
        raise BadBoxes("damaged", f"the movie claims {samples} samples, and {edits} edits of a track")


def _number(box: memoryview, offset: int) -> int:
    return int(struct.unpack_from(">I", box, offset)[0])


def _brands(scanner: BoxScanner) -> frozenset[str]:
    ftyp = next(payload for kind, payload in scanner.kept if kind == b"ftyp")
    major_and_compatible = [ftyp[:4], *(ftyp[i : i + 4] for i in range(8, len(ftyp) - 3, 4))]
    return frozenset(brand.decode("latin-1") for brand in major_and_compatible)


def _handler(trak: memoryview) -> str:
    box = child(trak, b"mdia", b"hdlr")
    return "" if box is None else bytes(box[8:12]).decode("latin-1")


def _required(payload: memoryview, *path: bytes) -> memoryview:
    box = child(payload, *path)
    if box is None:
        raise BadBoxes("damaged", f"the movie has no {path[-1]!r} box")
    return box


def _video_track(moov: bytes, trak: memoryview, moofs: list[bytes]) -> VideoTrack:
    tkhd = _required(trak, b"tkhd")
    mdhd = _required(trak, b"mdia", b"mdhd")
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] == 1 else 12)
    table = _required(trak, b"mdia", b"minf", b"stbl")
    ticks, frames = _sample_ticks(_required(table, b"stts"))
    if moofs:
        track_id = struct.unpack_from(">I", tkhd, 20 if tkhd[0] == 1 else 12)[0]
        default = _default_sample_ticks(moov, track_id)
        fragments = [_fragment_ticks(moof, track_id, default) for moof in moofs]
        ticks += sum(fragment[0] for fragment in fragments)
        frames += sum(fragment[1] for fragment in fragments)
    entry = _sample_entry(_required(table, b"stsd"))
    return VideoTrack(
        codec=entry.codec,
        width=entry.width,
        height=entry.height,
        rotation_degrees=_rotation(tkhd),
        seconds=_edited(ticks / timescale, moov, trak),
        frames=frames,
        transfer=entry.transfer,
        decoder_configuration=entry.configuration,
    )


def _sample_ticks(stts: memoryview) -> tuple[int, int]:
    entries = _table(stts, 8)
    ticks = samples = 0
    for count, delta in struct.iter_unpack(">II", entries):
        ticks += count * delta
        samples += count
    return ticks, samples


def _table(box: memoryview, entry_bytes: int) -> memoryview:
    """The entries of a full box that begins with their count."""
    (count,) = struct.unpack_from(">I", box, 4)
    entries = box[8 : 8 + count * entry_bytes]
    if count > TABLE_ENTRIES_MAX or len(entries) != count * entry_bytes:
        raise BadBoxes("damaged", f"a table claims {count} entries")
    return entries


@dataclass(frozen=True, slots=True)
class _SampleEntry:
    codec: str
    width: int
    height: int
    transfer: int
    configuration: bytes


def _sample_entry(stsd: memoryview) -> _SampleEntry:
    codec, payload = next(children(stsd[8:]), (b"", memoryview(b"")))
    width, height = struct.unpack_from(">HH", payload, 24)
    inner = dict(children(payload[78:]))  # after the fixed fields of a VisualSampleEntry
    return _SampleEntry(
        codec=codec.decode("latin-1"),
        width=width,
        height=height,
        transfer=_transfer(inner.get(b"colr", memoryview(b""))),
        configuration=bytes(inner.get(b"avcC", b"")),
    )


def _transfer(colr: memoryview) -> int:
    unspecified = 2
    if bytes(colr[:4]) not in (b"nclx", b"nclc"):
        return unspecified
    return int(struct.unpack_from(">H", colr, 6)[0])


def _rotation(tkhd: memoryview) -> int:
    matrix = struct.unpack_from(">4s4s", tkhd, (52 if tkhd[0] == 1 else 40))
    a, b = (struct.unpack(">i", value)[0] for value in matrix)
    return {(0, 1): 90, (-1, 0): 180, (0, -1): 270}.get((_sign(a), _sign(b)), 0)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _edited(seconds: float, moov: bytes, trak: memoryview) -> float:
    """The length that is shown: an edit list may cut samples away, and never adds any."""
    elst = child(trak, b"edts", b"elst")
    if elst is None:
        return seconds
    mvhd = _required(memoryview(moov), b"mvhd")
    (timescale,) = struct.unpack_from(">I", mvhd, 20 if mvhd[0] == 1 else 12)
    long = elst[0] == 1
    entries = struct.iter_unpack(">Qqhh" if long else ">Iihh", _table(elst, 20 if long else 12))
    shown = sum(duration for duration, media_time, *_ in entries if media_time >= 0) / timescale
    return min(seconds, shown) if shown else seconds  # fragmented files write 0 for "all"


def _default_sample_ticks(moov: bytes, track_id: int) -> int:
    mvex = child(moov, b"mvex")
    for kind, trex in children(mvex) if mvex is not None else ():
        if kind == b"trex" and struct.unpack_from(">I", trex, 4)[0] == track_id:
            return int(struct.unpack_from(">I", trex, 12)[0])
    return 0


def _fragment_ticks(moof: bytes, track_id: int, default_ticks: int) -> tuple[int, int]:
    ticks = frames = 0
    for kind, traf in children(moof):
        if kind != b"traf":
            continue
        tfhd = _required(traf, b"tfhd")
        if struct.unpack_from(">I", tfhd, 4)[0] != track_id:
            continue
        default = _fragment_default(tfhd, default_ticks)
        runs = [_run_ticks(run, default) for inner, run in children(traf) if inner == b"trun"]
        ticks += sum(run[0] for run in runs)
        frames += sum(run[1] for run in runs)
    return ticks, frames


def _fragment_default(tfhd: memoryview, default_ticks: int) -> int:
    flags = int.from_bytes(tfhd[1:4])
    if not flags & 0x08:
        return default_ticks
    offset = 8 + (8 if flags & 0x01 else 0) + (4 if flags & 0x02 else 0)
    return int(struct.unpack_from(">I", tfhd, offset)[0])


def _run_ticks(trun: memoryview, default_ticks: int) -> tuple[int, int]:
    flags = int.from_bytes(trun[1:4])
    (count,) = struct.unpack_from(">I", trun, 4)
    if count > TABLE_ENTRIES_MAX:
        raise BadBoxes("damaged", f"a run claims {count} samples")
    if not flags & 0x100:
        return count * default_ticks, count
    start = 8 + (4 if flags & 0x01 else 0) + (4 if flags & 0x04 else 0)
    entry_words = 1 + sum(bool(flags & flag) for flag in (0x200, 0x400, 0x800))
    words = struct.unpack_from(f">{count * entry_words}I", trun, start)
    return sum(words[::entry_words]), count
