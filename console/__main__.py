"""``python -m console``: CloudWatch on this machine, over EMF logs."""

import argparse
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from waitress import create_server

from alarms.definition_files import DefinitionError
from alarms.options import add_variables_option, read_asked_definitions
from alarms.recording import NothingRecorded, Recording, findings_text, read_recording
from cli.command_parser import ExitCode, add_paths_option, command_parser
from cli.screen import Screen
from cloudwatch.store import MetricStore
from console.console_clock import MINUTE, ConsoleClock
from console.console_state import Console, moment
from console.definition_loading import load_definitions
from console.log_follower import LogFollower
from console.minute_loop import MinuteLoop
from console.web_application import BODY_BYTES_MAX, WebApplication

HOST = "127.0.0.1"
PREFERRED_PORT = 8008
THREADS = 4
REGION = "us-east-1"
ACCOUNT = "123456789012"

DESCRIPTION = """\
Serve the CloudWatch API on this machine until Ctrl-C. It reads recorded EMF logs, follows live ones, evaluates all
alarms, composites and mute rules each minute by CloudWatch's rules, and answers boto3, aws-cli and other clients.
Alarm actions are only printed ("would call …").
"""
NOTES = f"""\
It listens on port {PREFERRED_PORT} of loopback. Clients find it with AWS_ENDPOINT_URL_CLOUDWATCH=http://127.0.0.1:PORT,
and may have any credentials. With recorded logs only, its clock begins at the end of the logs, and the alarms have been
evaluated over all of them. Otherwise its clock begins now.
"""
EXAMPLES = [
    (".local/up/*.jsonl", "what the alarms of this project say about a recording"),
    ("--follow .local/up/emf.jsonl", "live, beside `make up`"),
    ("--empty", "no alarm and no dashboard, to rehearse `python -m alarms.sync`"),
]
EXIT_CODES = {
    ExitCode.DONE: "stopped by Ctrl-C or SIGTERM",
    ExitCode.FAILED: "the port is taken",
    ExitCode.REFUSED: "wrong usage, or logs or definitions that cannot be read",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes; return an ExitCode."""
    asked, screen = _parse(arguments), Screen()
    # moto warns of each error that is not in AWS's model of the service, such as UnsupportedOperation.
    warnings.filterwarnings("ignore", "Exception.* does not match an error shape")
    try:
        recording = read_recording(asked.logs) if asked.logs else None
        console = _build(asked, recording, screen)
    except (DefinitionError, NothingRecorded, OSError) as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _serve(console, asked, screen)
    except KeyboardInterrupt:
        return ExitCode.DONE


def _serve(console: Console, asked: argparse.Namespace, screen: Screen) -> int:
    """Follow the logs and answer requests until KeyboardInterrupt."""
    loop = MinuteLoop(console, [LogFollower(path, console.reader) for path in asked.follow])
    loop.turn()
    try:
        server = create_server(
            WebApplication(console), host=HOST, port=asked.port, threads=THREADS, max_request_body_size=BODY_BYTES_MAX
        )
    except OSError as error:
        screen.fail(f"The port {asked.port} of {HOST} cannot be used: {error}")
        return ExitCode.FAILED
    loop.start()
    screen.line(f"CloudWatch  http://{HOST}:{server.effective_port}/")
    sys.stdout.flush()
    try:
        server.run()
    finally:
        loop.stop()
        server.close()
    return ExitCode.DONE


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_parser("console", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("logs", metavar="LOG", nargs="*", type=Path, help="recorded EMF logs, plain or gzip")
    add_paths_option(parser, "--follow", "LOG", "live EMF logs; a log may not exist yet")
    add_paths_option(parser, "--definitions", "PATH", "files or folders with alarms and dashboards instead of ours")
    add_variables_option(parser, "; with --definitions: none")
    parser.add_argument("--empty", action="store_true", help="begin without any alarm and dashboard")
    parser.add_argument("--port", type=int, default=PREFERRED_PORT, metavar="N", help="default: %(default)s; 0: any")
    parser.add_argument(
        "--minute-seconds",
        type=_positive,
        default=float(MINUTE),
        metavar="N",
        help="real seconds that a minute takes (default: 60); with another number, the clock begins at a full minute",
    )
    return parser.parse_args(arguments)


def _positive(text: str) -> float:
    seconds = float(text)
    if not 0.01 <= seconds <= 1e6:
        raise argparse.ArgumentTypeError("a minute takes 0.01 to 1,000,000 seconds")
    return seconds


def _build(asked: argparse.Namespace, recording: Recording | None, screen: Screen) -> Console:
    """The console with all logs read and all definitions evaluated. Raises DefinitionError."""
    definitions, variables = ([], {}) if asked.empty else read_asked_definitions(asked, screen)
    begins = float(recording.end) if recording and not asked.follow else None
    console = Console(
        clock=ConsoleClock(begins, asked.minute_seconds),
        tell=lambda at, text: screen.line(f"{moment(at):%Y-%m-%dT%H:%M:%SZ} {text}"),
        region=str(variables.get("REGION", REGION)),
        account=str(variables.get("ACCOUNT", ACCOUNT)),
        store=recording.store if recording else MetricStore(),
    )
    if recording:
        for line in findings_text(recording.findings):
            screen.remark(line)
    begin = int(recording.start if recording else console.clock.now())
    for note in load_definitions(console, definitions, begin):
        screen.remark(note)
    return console


def _interrupt(_signum: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
