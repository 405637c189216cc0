"""``python -m alarms.backtest LOG…``: when the alarms would have fired over recorded logs."""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alarms.backtest.objective_incidents import ObjectiveOutcome, objective_outcomes, outcome_lines, outcome_member
from alarms.definition_files import Definition, DefinitionError, Variables, require_definitions
from alarms.definition_reading import read_objectives
from alarms.options import add_common_options, read_asked_definitions
from alarms.other_version import other_version
from alarms.recording import NothingRecorded, Recording, findings_text, read_recording
from alarms.replay import Episode, History, replay
from alarms.wording import utc_minute
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from cloudwatch.mute.muted_actions import MutedActions

DESCRIPTION = """\
Replay the alarms over recorded EMF logs (plain or .gz), by CloudWatch's own rules: when each would have fired, for
how long, and how often it would have flapped. An alarm is not replayed if the logs have none of its metrics: those of
AWS itself (load balancer, database) are in no EMF log. For a misspelt metric, the most similar ones are named.
"""

EXAMPLES = [
    (".local/demo/emf.log", "all alarms over one log"),
    ("--alarm worker-errors --against worker-errors-50.json logs/*.gz", "one alarm beside a changed copy of its file"),
    ("--against HEAD~5 --png pictures logs/2026-11-*.log", "beside an earlier commit, with pictures"),
]
FILE_NAME_CHARACTERS = 60  # of a picture; its path also has a folder and an ending, and a byte is not a character
EXIT_CODES = {
    ExitCode.DONE: "replayed, whether or not an alarm fired",
    ExitCode.FAILED: "the logs have no EMF record",
    ExitCode.REFUSED: "wrong usage, or definitions or logs that cannot be read",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay the alarms over the logs that the command line names, and return an ExitCode."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        require_definitions(asked.alarm, definitions)
        other = other_version(asked.against, definitions, variables) if asked.against else None
        recording = read_recording(asked.log, definitions + (other or []))
        histories = _asked_histories(definitions, recording, asked.alarm)
        others = _asked_histories(other, recording, asked.alarm) if other else None
        outcomes = _outcomes(histories, recording, variables, asked)
    except (DefinitionError, OSError) as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    except NothingRecorded as error:
        screen.fail(str(error))
        return ExitCode.FAILED
    if asked.json:
        objectives = [outcome_member(outcome) for outcome in outcomes]
        screen.document({**_document(recording, histories, others), "objectives": objectives})
    _print_table(recording, histories, others, screen)
    for line in outcome_lines(outcomes):
        screen.line(line)
    if asked.png:
        _draw_pictures(asked.png, histories, recording, screen)
    return ExitCode.DONE


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_parser("alarms.backtest", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("log", nargs="+", type=Path, help="EMF logs, in any order")
    parser.add_argument("--alarm", action="append", default=[], metavar="NAME", help="only this alarm; may be repeated")
    parser.add_argument("--against", metavar="FILE|REV", help="compare with another version: a file or a git revision")
    parser.add_argument(
        "--png", metavar="FOLDER", type=Path, help="draw each replayed alarm: values, threshold, states"
    )
    add_common_options(parser)
    return parser.parse_args(arguments)


def _asked_histories(definitions: Sequence[Definition], recording: Recording, stems: Sequence[str]) -> list[History]:
    """All alarms are replayed, because composites need their children; only those of ``stems`` are returned."""
    histories = replay(definitions, recording)
    return [history for history in histories if not stems or history.definition.stem in stems]


def _outcomes(
    histories: Sequence[History], recording: Recording, variables: Variables, asked: argparse.Namespace
) -> list[ObjectiveOutcome]:
    """The outcomes of the objectives of this project; none if the definitions are those of another."""
    if asked.definitions:
        return []
    return list(objective_outcomes(read_objectives(variables), histories, recording, str(variables["NAMESPACE"])))


def _print_table(recording: Recording, histories: list[History], others: list[History] | None, screen: Screen) -> None:
    start, end = recording.start, recording.end
    screen.line(f"{utc_minute(start)} to {utc_minute(end)} UTC, {_duration(end - start)}")
    for line in findings_text(recording.findings):
        screen.line(line, "yellow")
    screen.line(f"{'':2}{'alarm':<32} {'fired':>5} {'in ALARM':>9} {'longest':>8} {'flaps':>5}  first", "bold")
    other_by_name = {history.definition.name: history for history in others or ()}
    for history in histories:
        screen.line("  " + _row(history), "red" if history.episodes else "")
        for note in history.notes:
            screen.line(f"{'':<6}{note}", "yellow")
        other = other_by_name.get(history.definition.name)
        if other and (other.episodes, other.skipped) != (history.episodes, history.skipped):
            screen.line("≠ " + _row(other), "yellow")
    for history in histories:
        for muted in history.muted:
            screen.line(f"{history.definition.name}: {_muted_text(muted)}", "yellow")
    if others is not None:
        screen.line("≠ marks results of the other version that differ.")


def _row(history: History) -> str:
    name = history.definition.name
    if history.skipped:
        return f"{name:<32} not replayed: {history.skipped}"
    episodes = history.episodes
    total, longest = sum(e.seconds for e in episodes), max((e.seconds for e in episodes), default=0)
    first = utc_minute(episodes[0].begins) if episodes else ""
    row = f"{name:<32} {len(episodes):>5} {_duration(total):>9} {_duration(longest):>8} {history.flaps:>5}  {first}"
    return f"{row}  {_not_known(history)}".rstrip()


def _muted_text(muted: MutedActions) -> str:
    rules = " and ".join(muted.rules)
    ends = f"run at {utc_minute(muted.until)}, when the muting ends" if muted.runs_later else "do not run later"
    return f"its actions for {muted.state} at {utc_minute(muted.at)} are muted by {rules}, and {ends}"


def _not_known(history: History) -> str:
    if not history.unknown:
        return ""
    seconds = sum(episode.seconds for episode in history.unknown)
    return f"not known for {_duration(seconds)}: it watches {', '.join(history.unplayed)}, not replayed"


def _document(recording: Recording, histories: list[History], others: list[History] | None) -> dict[str, Any]:
    return {
        "start": utc_minute(recording.start),
        "end": utc_minute(recording.end),
        "documents": recording.documents,
        "findings": [asdict(finding) for finding in recording.findings],
        "alarms": [_member(history) for history in histories],
        "against": None if others is None else [_member(history) for history in others],
    }


def _member(history: History) -> dict[str, Any]:
    return {
        "name": history.definition.name,
        "skipped": history.skipped or None,
        "notes": list(history.notes),
        "flaps": history.flaps,
        "episodes": [_span(episode) for episode in history.episodes],
        "unknown": [_span(episode) for episode in history.unknown],
        "unplayed": list(history.unplayed),
        "muted": [
            {
                "at": utc_minute(muted.at),
                "state": muted.state,
                "rules": list(muted.rules),
                "runs_at": utc_minute(muted.until) if muted.runs_later else None,
            }
            for muted in history.muted
        ],
        "transitions": [
            {
                "at": utc_minute(t.at),
                "from": t.old,
                "to": t.new,
                "reason": t.reason,
                "depends_on_range": t.depends_on_range,
            }
            for t in history.transitions
        ],
    }


def _span(episode: Episode) -> dict[str, Any]:
    return {"from": utc_minute(episode.begins), "to": utc_minute(episode.ends), "seconds": episode.seconds}


def _draw_pictures(folder: Path, histories: list[History], recording: Recording, screen: Screen) -> None:
    from alarms.backtest.history_picture import history_figure  # noqa: PLC0415 - matplotlib takes long to import

    folder.mkdir(parents=True, exist_ok=True)
    taken: Counter[str] = Counter()
    for history in histories:
        if not history.skipped:
            name = _file_name(history.definition.stem)
            taken[name] += 1
            path = folder / (f"{name}-{taken[name]}.png" if taken[name] > 1 else f"{name}.png")
            history_figure(history, recording).savefig(path, dpi=110)
            screen.line(f"drawn: {path}")


def _file_name(alarm: str) -> str:
    """The name of an alarm without characters that have a meaning in paths, and of limited length."""
    return re.sub(r"[^\w.-]+", "-", alarm).strip(".-")[:FILE_NAME_CHARACTERS] or "alarm"


def _duration(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02}" if hours else f"{minutes} min"


if __name__ == "__main__":
    sys.exit(main())
