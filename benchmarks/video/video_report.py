"""The table of the video benchmark, and whether the targets of docs/VIDEO.md are met."""

from dataclasses import dataclass, field
from statistics import median

from rich.table import Table

from benchmarks.measure import Measurement
from benchmarks.targets import Target
from benchmarks.video.quality import Quality

OURS, OURS_ONE_THREAD, JOIN = "ours", "ours, 1 thread", "join + cached bumpers"
BOUND_RATIO_MAX = 1.05  # of the media work of one clip to the sum of decode + scale and encode alone
JOIN_SHARE_MAX = 0.01  # of the media work of one clip
MOVIEPY_RATIO_MIN = 4.5
MULTI_PASS_RATIO_MIN = 3.8
ONE_GRAPH_RATIO_MIN = 1.08
PEAK_BYTES_MAX = 260_000_000
MB = 1_000_000


@dataclass(slots=True)
class VariantRow:
    """The rounds of one variant, and the size, frames and quality of its last result."""

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
    """The median of the rounds' ratios: load on the machine in a round affects both sides of its ratio."""
    return median(a / b for a, b in zip(dividend, divisor, strict=True))


def _shown(dividend: list[float], divisor: list[float]) -> str:
    """The ratio, and that of the fastest runs. Where they differ much, the machine was too busy."""
    return f"{ratio(dividend, divisor):.2f} x (minima {min(dividend) / min(divisor):.2f} x)"


def judge(rows: Rows) -> list[Target]:
    """Every target of docs/VIDEO.md that this benchmark can measure."""
    return [
        _bound_target(rows, OURS, ""),
        _bound_target(rows, OURS_ONE_THREAD, ", 1 thread"),
        _join_target(rows),
        _times_less_target(rows, "moviepy", MOVIEPY_RATIO_MIN, with_quality=True),
        _times_less_target(rows, "multi-pass", MULTI_PASS_RATIO_MIN, with_quality=True),
        _times_less_target(rows, "one graph", ONE_GRAPH_RATIO_MIN, with_quality=False),
        _peak_target(rows),
    ]


def _bound_target(rows: Rows, ours: str, suffix: str) -> Target:
    text = f"{ours}: CPU <= {BOUND_RATIO_MAX} x bound (decode + scale, encode alone)"
    parts = [f"decode + scale{suffix}", f"encode{suffix}"]
    if not {ours, *parts} <= rows.keys():
        return Target(text, "not measured", None)
    pairs = zip(*(rows[part].cpu_seconds for part in parts), strict=True)
    bound = [decoding + encoding for decoding, encoding in pairs]
    found = ratio(rows[ours].cpu_seconds, bound)
    return Target(text, _shown(rows[ours].cpu_seconds, bound), found <= BOUND_RATIO_MAX)


def _join_target(rows: Rows) -> Target:
    text = f"join + cached bumpers <= {JOIN_SHARE_MAX:.0%} of the media work"
    if not {OURS, JOIN} <= rows.keys():
        return Target(text, "not measured", None)
    share = ratio(rows[JOIN].cpu_seconds, rows[OURS].cpu_seconds)
    return Target(text, f"{share:.2%}", share <= JOIN_SHARE_MAX)


def _times_less_target(rows: Rows, peer: str, least: float, *, with_quality: bool) -> Target:
    text = f"{least} x less CPU than {peer}" + (", SSIM not lower" if with_quality else "")
    if not {OURS, peer} <= rows.keys():
        return Target(text, "not measured", None)
    times = (rows[peer].cpu_seconds, rows[OURS].cpu_seconds)
    found, shown = ratio(*times), _shown(*times)
    ours, theirs = rows[OURS].quality, rows[peer].quality
    if not with_quality or ours is None or theirs is None:
        return Target(text, shown, found >= least)
    vmaf = f", VMAF {ours.vmaf:.1f} : {theirs.vmaf:.1f}" if ours.vmaf and theirs.vmaf else ""
    compared = f"{shown}, SSIM {ours.ssim:.4f} : {theirs.ssim:.4f}{vmaf}"
    return Target(text, compared, found >= least and ours.ssim >= theirs.ssim)


def _peak_target(rows: Rows) -> Target:
    text = f"peak memory of a job <= {PEAK_BYTES_MAX // MB} MB"
    peaks = [rows[name].peak_bytes for name in (OURS, OURS_ONE_THREAD) if name in rows]
    if not peaks:
        return Target(text, "not measured", None)
    return Target(text, f"{max(peaks) / MB:.0f} MB", max(peaks) <= PEAK_BYTES_MAX)


def result_table(title: str, rows: Rows) -> Table:
    """A row for each variant."""
    table = Table("variant", title=title)
    for heading in ("CPU s median", "min", "x ours", "wall s median", "peak MB", "result MB", "SSIM", "VMAF"):
        table.add_column(heading, justify="right")
    ours = rows.get(OURS)
    for row in rows.values():
        table.add_row(
            row.name,
            f"{median(row.cpu_seconds):.2f}",
            f"{min(row.cpu_seconds):.2f}",
            f"{ratio(row.cpu_seconds, ours.cpu_seconds):.2f}" if ours else "",
            f"{median(row.wall_seconds):.1f}",
            f"{row.peak_bytes / MB:.0f}",
            f"{row.result_bytes / MB:.2f}" if row.result_bytes else "",
            f"{row.quality.ssim:.4f}" if row.quality else "",
            f"{row.quality.vmaf:.1f}" if row.quality and row.quality.vmaf else "",
        )
    return table
