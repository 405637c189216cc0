"""The quality of a result against the lossless reference: SSIM and VMAF of the frames of the body.

SSIM hardly falls when all colours are a little wrong (by a wrong matrix, for example). VMAF falls.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from worker.media.encoder import Encoder

COMPARE_SECONDS_MAX = 1200
VMAF_EVERY_FRAMES = 6
# Without the same tags on both sides, ffmpeg converts one of them before it compares.
_SAME_TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


@dataclass(frozen=True, slots=True)
class Quality:
    """``ssim`` of all planes, 0 to 1. ``vmaf``, 0 to 100, or None where ffmpeg was built without libvmaf."""

    ssim: float
    vmaf: float | None


def measure_quality(encoder: Encoder, result: Path, reference: Path, *, starts_at: int, frames: int) -> Quality:
    """Compare ``frames`` frames of ``result``, from frame ``starts_at`` on, with the first ones of the reference.

    Frames are paired by their number. Time stamps of two containers differ by rounding, and a shift by one frame would
    be measured as a loss of quality. Raises RuntimeError.
    """
    numbered = f"settb=1/30,setpts=N,{_SAME_TAGS}"
    pairs = (
        f"[0:v]trim=start_frame={starts_at}:end_frame={starts_at + frames},{numbered}[made];"
        f"[1:v]trim=end_frame={frames},{numbered}[exact];[made][exact]"
    )
    files = ["-i", str(result), "-i", str(reference)]
    ssim = _score(encoder, files, f"{pairs}ssim=shortest=1", r"SSIM .*All:([0-9.]+)")
    assert ssim is not None, f"no SSIM for {result}"
    vmaf_filter = f"libvmaf=n_subsample={VMAF_EVERY_FRAMES}:n_threads={os.cpu_count()}:shortest=1"
    return Quality(ssim, _score(encoder, files, pairs + vmaf_filter, r"VMAF score: ([0-9.]+)"))


def _score(encoder: Encoder, files: list[str], graph: str, pattern: str) -> float | None:
    """The number that ffmpeg prints at the end; None when it does not have the filter."""
    command = [encoder.path, "-hide_banner", "-nostdin", "-nostats", *files]
    command += ["-filter_complex", graph, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMPARE_SECONDS_MAX, check=False)
    found = re.search(pattern, done.stderr)
    if found is None and "No such filter" not in done.stderr:
        raise RuntimeError(f"ffmpeg could not compare: {done.stderr[-2000:]}")
    return float(found.group(1)) if found else None
