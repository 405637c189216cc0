"""``make prove-objectives``: the alarms of the objectives beside naive promises, over 100,000 random series."""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from alarms.definition_files import read_variables
from alarms.options import EXAMPLE
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from tests.alarms.burn_rates.agreement import Disagreement, Figures, compare_all, played_objectives

SERIES_OF_A_BATCH = 1_000
DESCRIPTION = """\
Play the alarms of the objectives over random series of errors, and compare each state with a second, naive calculation
of what was promised.
"""
EXAMPLES = [
    ("", "100,000 series: minutes"),
    ("--series 1 --from-seed 7", "the series of seed 7 again"),
]
EXIT_CODES = {ExitCode.DONE: "all states agree", ExitCode.FAILED: "a state differs; the series is printed"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the series, print figures or the first series that disagrees, and return an ExitCode."""
    parser = command_parser("tests.alarms.burn_rates", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--series", type=int, default=100_000, metavar="N", help="number of series (default 100,000)")
    parser.add_argument("--from-seed", type=int, default=0, metavar="N", help="seed of the first series (default 0)")
    asked = parser.parse_args(arguments)
    end = asked.from_seed + asked.series
    begins = range(asked.from_seed, end, SERIES_OF_A_BATCH)
    batches = [range(begin, min(begin + SERIES_OF_A_BATCH, end)) for begin in begins]
    screen, begun = Screen(), time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        try:
            found = sum(processes.map(_compare, batches), Figures())
        except Disagreement as disagreement:
            processes.shutdown(cancel_futures=True)
            screen.fail(str(disagreement))
            return ExitCode.FAILED
    screen.good(f"{found} ({time.monotonic() - begun:.0f} s)")
    return ExitCode.DONE


def _compare(seeds: range) -> Figures:
    return compare_all(played_objectives(read_variables(EXAMPLE)), seeds)


if __name__ == "__main__":
    sys.exit(main())
