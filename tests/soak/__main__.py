"""``make soak``: random faults over hundreds of videos, and a verdict."""

import argparse
import os
import random
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from local.system.aws_emulator import CREDENTIALS
from tests.soak import report
from tests.soak.soak import Plan, soaked

DIRECTORY = Path(".local/soak")
DESCRIPTION = """\
Run two APIs and three workers on a real PostgreSQL and the AWS emulator. Players upload in three ways, look at their
videos, vote and delete, while random faults are injected. Then check that no upload was lost or published twice, that
no answer was late or contradicted an earlier one, and that no object, file or process is left. The journal, all logs,
and samples of the processes' memory, descriptors, threads and files are in .local/soak/SEED.
"""
EXAMPLES = [
    ("", "five minutes of faults over 500 videos, with a new seed"),
    ("--seed 7 --minutes 20", "the faults of seed 7 in their order, for twenty minutes"),
    ("--minutes 1 --videos 200 --fault 'worker killed'", "one kind of fault: enough to find a leak"),
]
EXIT_CODES = {ExitCode.DONE: "all invariants hold", ExitCode.FAILED: "an invariant is violated"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a soak, print the verdict, and return an ExitCode."""
    parser = command_parser("tests.soak", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--seed", type=_seed, default=f"{random.randrange(1 << 32):08x}", help="default: a new one")
    parser.add_argument("--minutes", type=float, default=5.0, help="time with faults, at least (default 5)")
    parser.add_argument("--videos", type=int, default=500, help="videos to accept, at least (default 500)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="inject only this fault; can be repeated"
    )
    asked = parser.parse_args(arguments)
    screen = Screen()
    plan = Plan(asked.seed, 60 * asked.minutes, asked.videos, frozenset(asked.fault))
    directory = (DIRECTORY / plan.seed).resolve()
    shutil.rmtree(directory, ignore_errors=True)
    screen.line(f"seed {plan.seed}: {plan.videos} videos, {asked.minutes:g} min of faults; journal in {directory}")
    os.environ.update(CREDENTIALS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that SIGTERM, too, stops all processes
    with screen.console.status("") as status, soaked(plan, directory, status.update) as verdict:
        report.show(verdict, screen)
        is_good = verdict.is_good
    if is_good:
        screen.line(f"seed {plan.seed}: all invariants hold", "bold green")
        return ExitCode.DONE
    screen.line(f"seed {plan.seed}: VIOLATED — journal and logs in {directory}", "bold red")
    screen.line(f"The same faults in the same order: make soak ARGS='--seed {plan.seed}'")
    return ExitCode.FAILED


def _seed(text: str) -> str:
    """The seed also names a folder, which is emptied. So only letters, digits and underscores are allowed."""
    if not re.fullmatch(r"\w{1,40}", text):
        raise argparse.ArgumentTypeError("letters and digits only")
    return text


if __name__ == "__main__":
    sys.exit(main())
