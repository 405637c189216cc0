"""``python -m alarms.backtest LOG…``: what the alarms would have done."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alarms.definition_files import Definition, DefinitionError, DefinitionKind, Variables
from alarms.options import add_common_options, read_asked_definitions
from alarms.other_version import other_version
from alarms.replay import Episode, History, NothingRecorded, Recording, read_recording, replay
from cli.screen import Screen
from cloudwatch.parameters import ParametersRefused

DESCRIPTION = """\
Play the alarms over recorded EMF logs (plain or .gz), by CloudWatch's own rules: when each would have fired, for
how long, and how often it flapped. Alarms on AWS's own metrics (load balancer, database) are not in such logs.
"""

EPILOG = """\
examples:
  python -m alarms.backtest .local/demo/emf.log
  python -m alarms.backtest --alarm worker-errors --against worker-errors-50.json logs/*.gz
  python -m alarms.backtest --against HEAD~5 --png pictures logs/2026-11-*.log

exit codes:
  0  played, whether or not anything fired
  1  the logs cannot be read, or have no EMF record
  2  wrong usage, or definitions that cannot be read
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        _check_names(asked.alarm or (), definitions)
        other = other_version(asked.against, definitions, variables) if asked.against else None
        recording = read_recording(asked.log)
    except DefinitionError as error:
        screen.fail(str(error))
        return 2
    except (NothingRecorded, OSError) as error:
        screen.fail(str(error))
        return 1
    try:
        histories = _chosen(definitions, recording, variables, asked)
        others = _chosen(other, recording, variables, asked) if other else None
    except ParametersRefused as error:
        screen.fail(str(error))
        return 2
    if asked.json:
        print(json.dumps(_document(recording, histories, others), ensure_ascii=False, indent=2))  # noqa: T201
    _show(recording, histories, others, screen)
    if asked.png:
        _draw(asked.png, histories, recording, screen)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m alarms.backtest",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("log", nargs="+", type=Path, help="EMF logs, in any order")
    parser.add_argument("--alarm", action="append", metavar="NAME", help="only this alarm (may be given again)")
    parser.add_argument("--against", metavar="FILE|REV", help="compare with another version: a file or a git revision")
    parser.add_argument("--png", metavar="FOLDER", type=Path, help="draw each metric alarm: metric, threshold, states")
    add_common_options(parser)
    return parser.parse_args(arguments)


def _check_names(stems: Sequence[str], definitions: list[Definition]) -> None:
    """Raises DefinitionError for an alarm that does not exist."""
    known = {d.stem for d in definitions if d.kind in (DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM)}
    if unknown := [stem for stem in stems if stem not in known]:
        raise DefinitionError([f"there is no alarm {stem}" for stem in unknown])


def _chosen(
    definitions: list[Definition], recording: Recording, variables: Variables, asked: argparse.Namespace
) -> list[History]:
    histories = replay(definitions, recording, namespace=str(variables["NAMESPACE"]))
    return [h for h in histories if not asked.alarm or h.definition.stem in asked.alarm]


def _show(recording: Recording, histories: list[History], others: list[History] | None, screen: Screen) -> None:
    screen.line(f"{_time(recording.start)} to {_time(recording.end)} UTC, {_duration(recording.end - recording.start)}")
    if recording.violations:
        screen.line(f"{recording.violations} line(s) are no valid EMF: CloudWatch makes no metric of them", "yellow")
    screen.line(f"{'':2}{'alarm':<32} {'fired':>5} {'in ALARM':>9} {'longest':>8} {'flaps':>5}  first", "bold")
    before = {h.definition.name: h for h in others or ()}
    for history in histories:
        screen.line("  " + _row(history), "red" if history.episodes else "")
        other = before.get(history.definition.name)
        if other and other.episodes != history.episodes:
            screen.line("≠ " + _row(other), "yellow")
    if others is not None:
        screen.line("≠ marks what the other version would have done differently.")


def _row(history: History) -> str:
    name = history.definition.name
    if history.skipped:
        return f"{name:<32} not played: {history.skipped}"
    episodes = history.episodes
    total, longest = sum(e.seconds for e in episodes), max((e.seconds for e in episodes), default=0)
    first = _time(episodes[0].begins) if episodes else ""
    return f"{name:<32} {len(episodes):>5} {_duration(total):>9} {_duration(longest):>8} {history.flaps:>5}  {first}"


def _document(recording: Recording, histories: list[History], others: list[History] | None) -> dict[str, Any]:
    return {
        "start": _time(recording.start),
        "end": _time(recording.end),
        "invalid_lines": recording.violations,
        "alarms": [_member(history) for history in histories],
        "against": None if others is None else [_member(history) for history in others],
    }


def _member(history: History) -> dict[str, Any]:
    return {
        "name": history.definition.name,
        "skipped": history.skipped or None,
        "flaps": history.flaps,
        "episodes": [_episode(episode) for episode in history.episodes],
        "transitions": [
            {"at": _time(t.at), "from": t.old, "to": t.new, "reason": t.reason, "depends_on_range": t.depends_on_range}
            for t in history.transitions
        ],
    }


def _episode(episode: Episode) -> dict[str, Any]:
    return {"from": _time(episode.begins), "to": _time(episode.ends), "seconds": episode.seconds}


def _draw(folder: Path, histories: list[History], recording: Recording, screen: Screen) -> None:
    from alarms.backtest.history_drawing import draw_history  # noqa: PLC0415 - matplotlib is slow to import, and seldom wanted

    folder.mkdir(parents=True, exist_ok=True)
    for history in histories:
        if history.definition.kind is DefinitionKind.METRIC_ALARM and not history.skipped:
            path = folder / f"{history.definition.stem}.png"
            draw_history(history, recording, path)
            screen.line(f"drawn: {path}")


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _duration(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02}" if hours else f"{minutes} min"


if __name__ == "__main__":
    sys.exit(main())
