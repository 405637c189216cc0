"""``python -m benchmarks.video``: the clip pipeline beside its alternatives, in one run on one clip.

Every round runs every variant once, so that other work on the machine affects all alike. CPU seconds are compared,
not wall time. The first run prepares a lossless reference and raw frames under .local/bench-video (about 2 GB).
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.benchmark_screen import benchmark_screen, describe_machine, print_notes
from benchmarks.measure import measure
from benchmarks.peer_environment import find_peers
from benchmarks.targets import EXIT_CODES, exit_code, target_table
from benchmarks.video.materials import Materials, prepare, prepare_clip
from benchmarks.video.quality import measure_quality
from benchmarks.video.variants import MEDIUM, PEERS, PipelineVariant, variants
from benchmarks.video.video_report import MB, Rows, VariantRow, judge, result_table
from cli.command_parser import command_parser
from cli.screen import Screen
from showcase.clips.movie import read_movie

HOME = Path(".local/bench-video").resolve()
MOVIEPY = Path(__file__).parent / "peers" / "requirements.txt"
NOTES = (
    "CPU: user + system time of the whole process tree. Memory: peak of the summed RSS of the processes of a job.",
    "SSIM, VMAF: the body's frames against a lossless render (lanczos, accurate_rnd).",
    "x ours: median of the rounds' ratios of CPU.",
    f"multi-pass has our preset; with ffmpeg's default (medium) it costs about twice that (--peers ours,{MEDIUM}).",
)

DESCRIPTION = """\
Measure CPU time, memory and quality of the clip pipeline beside MoviePy, one filter graph, a call of ffmpeg for each
step, and the parts of the work alone. Takes minutes.
"""
EXAMPLES = [
    ("", "the whole benchmark"),
    ("--rounds 1 --seconds 20 --peers ours,bounds", "the pipeline beside its bounds, once"),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; return an ExitCode."""
    parser = command_parser("benchmarks.video", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--clip", type=Path, help="MP4, 20 to 60 s, at least 1080p (default: a sample is rendered)")
    parser.add_argument("--seconds", type=int, default=32, help="length of that sample (default 32)")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--peers", type=_peers, default=list(PEERS), help=f"some of {','.join((*PEERS, MEDIUM))}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures into this file")
    parser.add_argument("--moviepy-python", type=Path, metavar="PATH", help="an interpreter that has MoviePy")
    asked = parser.parse_args(arguments)
    if asked.clip and not asked.clip.is_file():
        parser.error(f"{asked.clip} is not a file")
    screen, load_before = benchmark_screen(), os.getloadavg()
    clip = asked.clip.resolve() if asked.clip else prepare_clip(HOME, asked.seconds, screen)
    python = (asked.moviepy_python or _find_moviepy(screen)) if "moviepy" in asked.peers else None
    materials = prepare(clip, HOME, screen)
    rows = run_rounds(materials, variants(materials, asked.peers, python), asked.rounds, screen)
    targets = judge(rows)
    track, megabytes = materials.track, clip.stat().st_size / MB
    picture = f"{track.width}x{track.height} {track.codec}, {track.seconds:.1f} s, {megabytes:.0f} MB"
    title = f"{clip.name} ({picture}); {asked.rounds} rounds"
    machine = describe_machine(load_before, f"ffmpeg {materials.encoder.version} ({materials.encoder.origin})")
    screen.show(result_table(title, rows))
    print_notes(screen, NOTES)
    screen.show(target_table(targets))
    screen.line(machine)
    if asked.json:
        figures = {"rows": [asdict(row) for row in rows.values()], "targets": [asdict(target) for target in targets]}
        asked.json.write_text(json.dumps({"title": title, "machine": machine, **figures}, indent=1) + "\n")
    return exit_code(targets)


def _peers(text: str) -> list[str]:
    names = text.split(",")
    unknown = set(names) - {*PEERS, MEDIUM}
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return names


def _find_moviepy(screen: Screen) -> Path | None:
    """An interpreter that has MoviePy: this one, or one that is set up under HOME. None when that fails."""
    if importlib.util.find_spec("moviepy"):
        return Path(sys.executable)
    try:
        return find_peers(HOME / "moviepy", MOVIEPY, screen) / "python"
    except (OSError, subprocess.SubprocessError) as error:
        screen.fail(f"MoviePy cannot be installed, so the table has no row for it: {error}")
        return None


def run_rounds(materials: Materials, chosen: Sequence[PipelineVariant], rounds: int, screen: Screen) -> Rows:
    """Measure every variant once in every round, then examine the last result of each."""
    rows = {variant.name: VariantRow(variant.name) for variant in chosen}
    for number in range(rounds):
        for variant in chosen:
            directory = _directory(variant)
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            rows[variant.name].rounds.append(measure(partial(variant.work, directory)))
            seconds = rows[variant.name].cpu_seconds[-1]
            screen.line(f"round {number + 1} of {rounds}: {variant.name}, {seconds:.2f} CPU s")
    for variant in chosen:
        if variant.result:
            _examine(materials, variant, rows[variant.name])
    return rows


def _directory(variant: PipelineVariant) -> Path:
    return HOME / "results" / re.sub(r"\W+", "-", variant.name)


def _examine(materials: Materials, variant: PipelineVariant, row: VariantRow) -> None:
    """Read size, frames and quality of the variant's result."""
    result = _directory(variant) / variant.result
    track = read_movie(result).video
    row.result_bytes = result.stat().st_size
    row.frames = track.frames if track else 0
    row.quality = measure_quality(
        materials.encoder, result, materials.reference, starts_at=variant.body_starts_at, frames=materials.frames
    )


if __name__ == "__main__":
    sys.exit(main())
