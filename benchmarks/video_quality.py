"""How near a result is to the lossless reference: SSIM of the frames of the body."""

import re
import subprocess
from pathlib import Path

from worker.encoder import Encoder

SSIM_SECONDS_MAX = 600
# One kind of tag on both sides, or ffmpeg converts one of them before it compares.
_SAME_TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


def measure_ssim(encoder: Encoder, result: Path, reference: Path, *, starts_at: int, frames: int) -> float:
    """SSIM (all planes) of ``frames`` frames of ``result`` from ``starts_at`` on, against the first of the reference.

    Frames are paired by their number: time stamps of two containers differ by rounding, and one frame of
    difference would be measured as a loss of quality.
    """
    numbered = f"settb=1/30,setpts=N,{_SAME_TAGS}"
    graph = (
        f"[0:v]trim=start_frame={starts_at}:end_frame={starts_at + frames},{numbered}[made];"
        f"[1:v]trim=end_frame={frames},{numbered}[exact];[made][exact]ssim=shortest=1"
    )
    command = [encoder.path, "-hide_banner", "-nostdin", "-nostats", "-i", str(result), "-i", str(reference)]
    command += ["-filter_complex", graph, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SSIM_SECONDS_MAX, check=True)
    found = re.search(r"SSIM .*All:([0-9.]+)", done.stderr)
    assert found is not None, f"no SSIM in what ffmpeg said: {done.stderr[-2000:]}"
    return float(found.group(1))
