"""The clip pipeline beside its alternatives, in one run on one clip: `python -m benchmarks.video`.

Every round runs every variant once, so what else the machine does hits all alike. CPU seconds are compared, never
wall time. The first run prepares a lossless reference and raw frames under .local/bench-video (about 2 GB).
"""

import argparse
import json
import os
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import measure
from benchmarks.targets import Target, target_table
from benchmarks.video.materials import Materials, prepare, prepare_clip
from benchmarks.video.moviepy_environment import find_moviepy
from benchmarks.video.quality import measure_quality
from benchmarks.video.variants import MEDIUM, PEERS, PipelineVariant, variants
from benchmarks.video.video_report import MB, OURS, Rows, VariantRow, judge, ratio
from showcase.clips.movie import read_movie

HOME = Path(".local/bench-video").resolve()
PIPED_COLUMNS = 120
NOTES = (
    "CPU: user + system of the whole process tree. Memory: peak of the summed RSS of the processes started for a job.",
    "SSIM, VMAF: the body's frames against a lossless render (lanczos, accurate_rnd).",
    "x ours: median of the rounds' ratios of CPU.",
    f"multi-pass has ours' preset; with ffmpeg's default (medium) it costs about twice that (--peers ours,{MEDIUM}).",
)


def main() -> None:
    """Read the command line, run, report."""
    arguments = _arguments()
    load_before = os.getloadavg()
    clip = arguments.clip.resolve() if arguments.clip else prepare_clip(HOME, arguments.seconds)
    python = (arguments.moviepy_python or find_moviepy(HOME)) if "moviepy" in arguments.peers else None
    materials = prepare(clip, HOME)
    rows = run_rounds(materials, variants(materials, arguments.peers, python), arguments.rounds)
    targets = judge(rows)
    machine = _machine(materials, load_before)
    title = f"{_described(materials)}; {arguments.rounds} rounds"
    _print(title, rows, targets, machine)
    if arguments.json:
        arguments.json.write_text(json.dumps(_document(title, rows, targets, machine), indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The clip pipeline beside its alternatives.")
    parser.add_argument("--clip", type=Path, help="20 to 60 s, MP4, at least 1080p; else a sample is rendered")
    parser.add_argument("--seconds", type=int, default=32, help="length of that sample")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=_peers, default=list(PEERS), help=f"some of {','.join((*PEERS, MEDIUM))}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--moviepy-python", type=Path, metavar="PATH", help="an interpreter that has MoviePy")
    return parser.parse_args()


def _peers(text: str) -> list[str]:
    names = text.split(",")
    unknown = set(names) - {*PEERS, MEDIUM}
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return names


def run_rounds(materials: Materials, chosen: Sequence[PipelineVariant], rounds: int) -> Rows:
    """Measure every variant once in every round, then look at what each made last."""
    rows = {variant.name: VariantRow(variant.name) for variant in chosen}
    for number in range(rounds):
        for variant in chosen:
            rows[variant.name].rounds.append(measure(partial(variant.work, _emptied(variant))))
            seconds = rows[variant.name].cpu_seconds[-1]
            print(f"round {number + 1} of {rounds}: {variant.name}, {seconds:.2f} CPU s", flush=True)
    for variant in chosen:
        if variant.result:
            _examine(materials, variant, rows[variant.name])
    return rows


def _directory(variant: PipelineVariant) -> Path:
    return HOME / "results" / re.sub(r"\W+", "-", variant.name)


def _emptied(variant: PipelineVariant) -> Path:
    directory = _directory(variant)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def _examine(materials: Materials, variant: PipelineVariant, row: VariantRow) -> None:
    result = _directory(variant) / variant.result
    track = read_movie(result).video
    row.result_bytes = result.stat().st_size
    row.frames = track.frames if track else 0
    row.quality = measure_quality(
        materials.encoder, result, materials.reference, starts_at=variant.body_starts_at, frames=materials.frames
    )


def _described(materials: Materials) -> str:
    track, megabytes = materials.track, materials.clip.stat().st_size / MB
    picture = f"{track.width}x{track.height} {track.codec}, {track.seconds:.1f} s, {megabytes:.0f} MB"
    return f"{materials.clip.name} ({picture})"


def _machine(materials: Materials, load_before: tuple[float, float, float]) -> str:
    before, after = (" ".join(f"{load:.1f}" for load in loads) for loads in (load_before, os.getloadavg()))
    encoder = f"ffmpeg {materials.encoder.version} ({materials.encoder.origin})"
    return f"{os.cpu_count()} CPUs ({platform.machine()}), {encoder}, load average {before} before, {after} after"


def _print(title: str, rows: Rows, targets: list[Target], machine: str) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_COLUMNS)
    console.print(_table(title, rows))
    for note in NOTES:
        console.print(note, style="dim", highlight=False)
    console.print(target_table(targets))
    console.print(machine, highlight=False, soft_wrap=True)


def _table(title: str, rows: Rows) -> Table:
    table = Table(title=title)
    table.add_column("variant")
    for heading in ("CPU s median", "min", "x ours", "wall s median", "peak MB", "result MB", "SSIM", "VMAF"):
        table.add_column(heading, justify="right")
    for row in rows.values():
        table.add_row(row.name, *_cells(row, rows.get(OURS)))
    return table


def _cells(row: VariantRow, ours: VariantRow | None) -> list[str]:
    return [
        f"{median(row.cpu_seconds):.2f}",
        f"{min(row.cpu_seconds):.2f}",
        f"{ratio(row.cpu_seconds, ours.cpu_seconds):.2f}" if ours else "",
        f"{median(row.wall_seconds):.1f}",
        f"{row.peak_bytes / MB:.0f}",
        f"{row.result_bytes / MB:.2f}" if row.result_bytes else "",
        f"{row.quality.ssim:.4f}" if row.quality else "",
        f"{row.quality.vmaf:.1f}" if row.quality and row.quality.vmaf else "",
    ]


def _document(title: str, rows: Rows, targets: list[Target], machine: str) -> dict[str, Any]:
    return {
        "title": title,
        "machine": machine,
        "rows": [asdict(row) for row in rows.values()],
        "targets": [asdict(target) for target in targets],
    }


if __name__ == "__main__":
    main()
