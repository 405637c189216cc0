"""The output that all benchmarks share: wide tables, notes, and the machine that they ran on."""

import os
import platform
from collections.abc import Sequence

from cli.screen import Screen

PIPED_COLUMNS = 140


def benchmark_screen() -> Screen:
    """A screen with room for whole tables: PIPED_COLUMNS where standard output is not a terminal (rich has 80)."""
    screen = Screen()
    if not screen.console.is_terminal:
        screen.console.width = PIPED_COLUMNS
    return screen


def print_notes(screen: Screen, notes: Sequence[str]) -> None:
    """Explanations below a table, a line each."""
    for note in notes:
        screen.line(note, "dim")


def describe_machine(load_before: tuple[float, float, float], software: str) -> str:
    """CPUs, the software under test, and the load averages before the benchmark and now."""
    before, after = (" ".join(f"{load:.1f}" for load in loads) for loads in (load_before, os.getloadavg()))
    return f"{os.cpu_count()} CPUs ({platform.machine()}), {software}, load average {before} before, {after} after"
