"""``python -m local.up``: the whole system on this machine until Ctrl-C."""

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from local.system.local_system import LocalSystem
from local.system.processes import LocalSystemError, free_port, interrupt_once

DIRECTORY = Path(".local/up")
PREFERRED_API_PORT = 8080

DESCRIPTION = f"""\
Start the AWS emulator, the database, the API and a worker on this machine, print their URLs, and stop everything on
Ctrl-C or SIGTERM. Database, logs and records stay in {DIRECTORY}.
"""
NOTES = f"The API listens on port {PREFERRED_API_PORT} of loopback, or on another one where that port is taken."
EXIT_CODES = {
    ExitCode.DONE: "stopped by Ctrl-C or SIGTERM, and no process is left",
    ExitCode.FAILED: "a process does not start; the text says which, and where its log is",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the system until a signal comes; return an ExitCode."""
    command_parser("local.up", DESCRIPTION, notes=NOTES, exit_codes=EXIT_CODES).parse_args(arguments)
    screen = Screen()
    interrupt_once()
    try:
        with LocalSystem(DIRECTORY, api_port=free_port(PREFERRED_API_PORT)) as system:
            _wait_for_signal(system, screen)
    except KeyboardInterrupt:
        screen.line("stopped before everything was started")
    except LocalSystemError as error:
        screen.fail(f"The system does not start: {error}")
        return ExitCode.FAILED
    return ExitCode.DONE


def _wait_for_signal(system: LocalSystem, screen: Screen) -> None:
    screen.line(f"API           {system.api_url}/api/health/ready")
    screen.line(f"AWS emulator  {system.emulator.url}")
    screen.line(f"database      {system.database_url}")
    screen.line(f"EMF records   {system.emf_log}")
    screen.line(f"logs          {system.directory}/*.log")
    screen.line("Ctrl-C stops everything.")
    with suppress(KeyboardInterrupt):
        while True:
            signal.pause()
    screen.line("stopping …")


if __name__ == "__main__":
    sys.exit(main())
