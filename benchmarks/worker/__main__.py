"""``python -m benchmarks.worker``: CPU time of a message for our worker and its peers, and of a real job.

Every round starts and measures every worker once, in alternating order, against the same emulator. The rates are
limited by the emulator: judge by the CPU time of the worker process.
"""

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.benchmark_screen import benchmark_screen, describe_machine
from benchmarks.peer_environment import find_peers
from benchmarks.targets import EXIT_CODES, exit_code
from benchmarks.worker.contestants import Contestant, contestants
from benchmarks.worker.message_blocks import DEPTH_MAX, measure_block
from benchmarks.worker.shared_servers import SharedServers
from benchmarks.worker.worker_report import Rounds, report
from benchmarks.worker.worker_share import measure_share
from cli.command_parser import command_parser
from cli.screen import Screen
from local.system.aws_emulator import CREDENTIALS
from showcase.settings import set_environment

HOME = Path(".local/bench-worker").resolve()
PEERS = Path(__file__).parent / "peers" / "requirements.txt"

DESCRIPTION = """\
Measure the CPU time of a message without media work for our worker, Celery, dramatiq and a plain boto3 consumer; and
the share of a real job's CPU time that is not media work.
"""
EXAMPLES = [
    ("", "the whole benchmark"),
    ("--rounds 1 --messages 20 --jobs 0", "the shortest useful run"),
    ('--only "ours" "solo"', "some workers"),
    ("--only none --jobs 2", "real jobs alone"),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; return an ExitCode."""
    parser = command_parser("benchmarks.worker", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--messages", type=int, default=100, help="to each worker in each round (default 100)")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="WORDS", help="only workers with one of these words in their name"
    )
    parser.add_argument("--jobs", type=int, default=4, help="real jobs, for the share of the media work (default 4)")
    parser.add_argument("--seconds", type=int, default=30, help="length of their clip (default 30)")
    asked = parser.parse_args(arguments)
    set_environment(CREDENTIALS)  # for the benchmark's own clients
    screen, load_before = benchmark_screen(), os.getloadavg()
    chosen = [contestant for contestant in contestants() if any(words in contestant.name for words in asked.only)]
    with SharedServers(HOME, find_peers(HOME / "peers", PEERS, screen)) as shared:
        rounds = run_rounds(shared, chosen, asked.rounds, asked.messages, screen)
        share = measure_share(shared, asked.jobs, asked.seconds, screen) if asked.jobs else None
    title = f"{asked.rounds} rounds of {asked.messages} messages, at most {DEPTH_MAX} in the queue"
    targets = report(screen, title, chosen, rounds, share)
    screen.line(describe_machine(load_before, f"Python {platform.python_version()}"))
    return exit_code(targets)


def run_rounds(shared: SharedServers, chosen: list[Contestant], rounds: int, messages: int, screen: Screen) -> Rounds:
    """Measure each worker once a round. Every second round is reversed, so that the first worker becomes the last."""
    blocks: Rounds = {contestant.name: [] for contestant in chosen}
    for number in range(rounds):
        for place, contestant in list(enumerate(chosen))[:: -1 if number % 2 else 1]:
            block = measure_block(shared, contestant, f"round{number}-{place}", messages)
            blocks[contestant.name].append(block)
            screen.line(f"round {number + 1} of {rounds}: {contestant.name}, {block.cpu_ms:.2f} ms a message")
    return blocks


if __name__ == "__main__":
    sys.exit(main())
