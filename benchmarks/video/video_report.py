"""What the video benchmark has found, and whether the project's targets are met."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from benchmarks.measure import Measurement
from benchmarks.targets import Target
from benchmarks.video.quality import Quality

OURS, OURS_ONE_THREAD, JOIN = "ours", "ours, 1 thread", "join + cached bumpers"
BOUND_RATIO_MAX = 1.05  # media work of one clip, against decode + scale and encode alone
JOIN_SHARE_MAX = 0.01  # of the media work
MOVIEPY_RATIO_MIN = 4.5
MULTI_PASS_RATIO_MIN = 3.8
ONE_GRAPH_RATIO_MIN = 1.08
PEAK_BYTES_MAX = 260_000_000
MB = 1_000_000


@dataclass(slots=True)
class VariantRow:
    """The rounds of one variant, and what it made."""

    name: str
    rounds: list[Measurement] = field(default_factory=list)
    result_bytes: int | None = None
    frames: int | None = None
    quality: Quality | None = None

    @property
    def cpu_seconds(self) -> list[float]:
        return [run.cpu_seconds for run in self.rounds]

    @property
    def wall_seconds(self) -> list[float]:
        return [run.wall_seconds for run in self.rounds]

    @property
    def peak_bytes(self) -> int:
        return max(run.peak_rss_bytes for run in self.rounds)


Rows = dict[str, VariantRow]


def ratio(dividend: list[float], divisor: list[float]) -> float:
    """Median of the ratios of the rounds: what loads the machine in a round hits both sides of its ratio."""
    return median(a / b for a, b in zip(dividend, divisor, strict=True))


def _shown(dividend: list[float], divisor: list[float]) -> str:
    """The ratio, and that of the least loaded runs: far apart, they say that the machine was too busy."""
    return f"{ratio(dividend, divisor):.2f} x (minima {min(dividend) / min(divisor):.2f} x)"


def judge(rows: Rows) -> list[Target]:
    """Every target of docs/VIDEO.md that this benchmark can measure."""
    return [
        _bound(rows, OURS, ""),
        _bound(rows, OURS_ONE_THREAD, ", 1 thread"),
        _join(rows),
        _times_less(rows, "moviepy", MOVIEPY_RATIO_MIN, with_quality=True),
        _times_less(rows, "multi-pass", MULTI_PASS_RATIO_MIN, with_quality=True),
        _times_less(rows, "one graph", ONE_GRAPH_RATIO_MIN, with_quality=False),
        _peak(rows),
    ]


def _bound(rows: Rows, ours: str, suffix: str) -> Target:
    text = f"{ours}: CPU <= {BOUND_RATIO_MAX} x bound (decode + scale, encode alone)"
    parts = [f"decode + scale{suffix}", f"encode{suffix}"]
    if not {ours, *parts} <= rows.keys():
        return Target(text, "not measured", None)
    pairs = zip(*(rows[part].cpu_seconds for part in parts), strict=True)
    bound = [decoding + encoding for decoding, encoding in pairs]
    found = ratio(rows[ours].cpu_seconds, bound)
    return Target(text, _shown(rows[ours].cpu_seconds, bound), found <= BOUND_RATIO_MAX)


def _join(rows: Rows) -> Target:
    text = f"join + cached bumpers <= {JOIN_SHARE_MAX:.0%} of the media work"
    if not {OURS, JOIN} <= rows.keys():
        return Target(text, "not measured", None)
    share = ratio(rows[JOIN].cpu_seconds, rows[OURS].cpu_seconds)
    return Target(text, f"{share:.2%}", share <= JOIN_SHARE_MAX)


def _times_less(rows: Rows, peer: str, least: float, *, with_quality: bool) -> Target:
    text = f"{least} x less CPU than {peer}" + (", SSIM not lower" if with_quality else "")
    if not {OURS, peer} <= rows.keys():
        return Target(text, "not measured", None)
    times = (rows[peer].cpu_seconds, rows[OURS].cpu_seconds)
    found, shown = ratio(*times), _shown(*times)
    ours, theirs = rows[OURS].quality, rows[peer].quality
    if not with_quality or ours is None or theirs is None:
        return Target(text, shown, found >= least)
    return Target(text, f"{shown}, {_compared(ours, theirs)}", found >= least and ours.ssim >= theirs.ssim)


def _compared(ours: Quality, theirs: Quality) -> str:
    vmaf = f", VMAF {ours.vmaf:.1f} : {theirs.vmaf:.1f}" if ours.vmaf and theirs.vmaf else ""
    return f"SSIM {ours.ssim:.4f} : {theirs.ssim:.4f}{vmaf}"


def _peak(rows: Rows) -> Target:
    text = f"peak memory of a job <= {PEAK_BYTES_MAX // MB} MB"
    peaks = list(_peaks(rows))
    if not peaks:
        return Target(text, "not measured", None)
    return Target(text, f"{max(peaks) / MB:.0f} MB", max(peaks) <= PEAK_BYTES_MAX)


def _peaks(rows: Rows) -> Iterator[int]:
    return (rows[name].peak_bytes for name in (OURS, OURS_ONE_THREAD) if name in rows)
