"""What a message costs our worker and its peers, and how much of a real job is not media work.

`python -m benchmarks.worker`. Every round starts and measures every contestant once, in alternating order, against
the same emulator. The rates are bounded by the emulator: judge by the CPU time of the worker process.
"""

import argparse
import os
import platform
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.peer_environment import find_peers
from benchmarks.worker.contestants import Contestant, contestants
from benchmarks.worker.feed import DEPTH_MAX, measure_block
from benchmarks.worker.stage import Stage
from benchmarks.worker.worker_report import Rounds, report
from benchmarks.worker.worker_share import measure_share
from local.system.aws_emulator import CREDENTIALS
from showcase.settings import set_environment

HOME = Path(".local/bench-worker").resolve()
PEERS = Path(__file__).parent / "peers" / "requirements.txt"


def main() -> int:
    """Run, report; the exit code is 1 when a target is missed."""
    arguments = _arguments()
    set_environment(CREDENTIALS)  # for the benchmark's own clients
    load_before = os.getloadavg()
    chosen = [contestant for contestant in contestants() if any(words in contestant.name for words in arguments.only)]
    with Stage(HOME, find_peers(HOME / "peers", PEERS)) as stage:
        rounds = run_rounds(stage, chosen, arguments.rounds, arguments.messages)
        share = measure_share(stage, arguments.jobs, arguments.seconds) if arguments.jobs else None
    title = f"{arguments.rounds} rounds of {arguments.messages} messages, at most {DEPTH_MAX} in the queue"
    console = Console()
    is_met = report(console, title, chosen, rounds, share)
    console.print(_machine(load_before), highlight=False, soft_wrap=True)
    return 0 if is_met else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What a message costs our worker and its peers.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=100, help="to each contestant in each round")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="WORDS", help="contestants with these words in their name"
    )
    parser.add_argument("--jobs", type=int, default=4, help="real jobs for the share of the media work; 0: none")
    parser.add_argument("--seconds", type=int, default=30, help="length of their clip")
    return parser.parse_args()


def run_rounds(stage: Stage, chosen: list[Contestant], rounds: int, messages: int) -> Rounds:
    """There and back: whoever is first in one round is last in the next."""
    blocks: Rounds = {contestant.name: [] for contestant in chosen}
    for number in range(rounds):
        for place, contestant in list(enumerate(chosen))[:: -1 if number % 2 else 1]:
            block = measure_block(stage, contestant, f"round{number}-{place}", messages)
            blocks[contestant.name].append(block)
            print(f"round {number + 1} of {rounds}: {contestant.name}, {block.cpu_ms:.2f} ms a message", flush=True)
    return blocks


def _machine(load_before: tuple[float, float, float]) -> str:
    before, after = (" ".join(f"{load:.1f}" for load in loads) for loads in (load_before, os.getloadavg()))
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} CPUs ({platform.machine()}), {python}, load average {before} before, {after} after"


if __name__ == "__main__":
    sys.exit(main())
