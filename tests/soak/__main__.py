"""``make soak``: random faults over hundreds of videos, and a verdict. The seed decides who does what, and when."""

import argparse
import os
import random
import re
import shutil
import signal
import sys
from pathlib import Path

from rich.console import Console

from local.system.aws_emulator import CREDENTIALS
from tests.soak import report
from tests.soak.soak import Plan, Verdict, run

DIRECTORY = Path(".local/soak")


def main() -> int:
    """The exit code is 1 if an invariant does not hold."""
    asked = _parse()
    console = Console()
    plan = Plan(asked.seed, 60 * asked.minutes, asked.videos)
    directory = (DIRECTORY / plan.seed).resolve()
    shutil.rmtree(directory, ignore_errors=True)
    console.print(f"seed {plan.seed}: {plan.videos} videos, {asked.minutes:g} min of faults; journal in {directory}")
    good: list[bool] = []

    def use(verdict: Verdict) -> None:
        report.show(verdict, console)
        good.append(verdict.is_good)

    os.environ.update(CREDENTIALS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whatever ends us, everything is stopped
    with console.status("") as status:
        run(plan, directory, use, status.update)
    if good == [True]:
        console.print(f"[bold green]seed {plan.seed}: all invariants hold[/]")
        return 0
    console.print(f"[bold red]seed {plan.seed}: VIOLATED[/] — journal and logs in {directory}")
    console.print(f"The same faults in the same order: make soak ARGS='--seed {plan.seed}'")
    return 1


def _word(text: str) -> str:
    """A seed names a folder, which is emptied."""
    if not re.fullmatch(r"\w{1,40}", text):
        raise argparse.ArgumentTypeError("letters and digits only")
    return text


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    parser.add_argument("--seed", type=_word, default=f"{random.randrange(1 << 32):08x}", help="default: a new one")
    parser.add_argument("--minutes", type=float, default=5.0, help="of faults; at least so long (default 5)")
    parser.add_argument("--videos", type=int, default=500, help="at least so many are accepted (default 500)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
