"""``python -m worker``: process videos until SIGTERM."""

import sys
from collections.abc import Sequence

from cli.command_parser import ExitCode, command_parser
from worker import process

DESCRIPTION = """\
Process accepted videos until SIGTERM or SIGINT.

The worker receives messages from SQS, encodes each clip into a broadcast clip, and publishes the result.
"""

NOTES = """\
Settings come from the environment and from .env (.env.example describes each). After a signal, running jobs may end
within ANB_DRAIN_SECONDS; the others are handed back to the queue.
"""

EXAMPLES = [("", "process videos with the settings of the environment")]
EXIT_CODES = {
    ExitCode.DONE: "stopped by a signal, or because the EC2 instance must leave",
    ExitCode.FAILED: "the worker cannot start, or one of its threads died; python -m worker.doctor says what is wrong",
    ExitCode.REFUSED: "wrong usage or settings; nothing was started",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker to its end, and return an ExitCode."""
    command_parser("worker", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES).parse_args(arguments)
    return process.main()


if __name__ == "__main__":
    sys.exit(main())
