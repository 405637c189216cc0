"""``python -m alarms.simulate``: compares ways to scale the fleet, in simulated time."""

import argparse
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from alarms.definition_files import Definition, DefinitionError, Variables, require_variables
from alarms.options import add_common_options, read_asked_definitions
from alarms.recording import NothingRecorded
from alarms.simulate.arrivals import bursts, diurnal, poisson, recorded_uploads
from alarms.simulate.policies import contenders, skipped_policies
from alarms.simulate.results import Figures, figures
from alarms.simulate.simulation import ServiceTime, Setting, Simulation, SimulationOutcome
from cli.command_parser import ExitCode, add_paths_option, command_parser
from cli.screen import Screen

DESCRIPTION = """\
Simulate uploads → queue → metrics → alarms → policies → fleet, and compare three ways to scale: the definitions, the
original rules of the plan (add one worker at more than 20 waiting messages, remove one at fewer than 5, without
draining), and a fixed fleet of the maximum size. Each gets the same uploads and the same seed.
"""

NOTES = """\
Not simulated: AWS tunes the alarms of target tracking by itself since November 2024, so real ones may be faster than
the 3 and 15 minutes assumed here. Instances that fail to start are not simulated either.
"""

EXAMPLES = [
    ("", "20,000 uploads over simulated days and nights"),
    ("--arrivals burst --uploads 5000 --png burst.png", "bursts, with a picture"),
    ("--arrivals diurnal --per-minute 6 --maximum 6 --zone-lost-at 7200", "a larger fleet that loses a zone"),
    ("--trace logs/api-emf.log --service-seconds 45", "the uploads of a recorded log"),
]
EXIT_CODES = {
    ExitCode.DONE: "simulated",
    ExitCode.FAILED: "the trace has no accepted upload",
    ExitCode.REFUSED: "wrong usage (such as a minimum above the maximum), or files that cannot be read",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulations that the command line describes, and return an ExitCode."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        require_variables(variables, "NAMESPACE", "WORKERS_MIN", "WORKERS_MAX", "BACKLOG_TARGET")
        for sentence in skipped_policies(definitions):
            screen.line(sentence, "yellow")
        run = partial(_run_contender, definitions, variables, asked)
        with ProcessPoolExecutor() as processes:
            outcomes = list(processes.map(run, range(len(contenders(definitions, "")))))
    except (DefinitionError, ValueError, OSError) as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    except NothingRecorded as error:
        screen.fail(str(error))
        return ExitCode.FAILED
    found = [figures(outcome) for outcome in outcomes]
    if asked.json:
        screen.document([each.document() for each in found])
    _print_table(found, screen)
    if asked.png:
        from alarms.simulate.outcome_drawing import draw_outcomes  # noqa: PLC0415 - matplotlib takes long to import

        draw_outcomes(outcomes, float(variables["BACKLOG_TARGET"]), asked.png)
        screen.line(f"drawn: {asked.png}")
    return ExitCode.DONE


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_parser("alarms.simulate", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument(
        "--arrivals",
        choices=("poisson", "diurnal", "burst"),
        default="diurnal",
        help="the pattern of uploads (default diurnal)",
    )
    add_paths_option(parser, "--trace", "LOG", "the uploads of these EMF logs of the API")
    parser.add_argument("--uploads", type=int, default=20_000, help="number of uploads (default 20000)")
    parser.add_argument("--per-minute", type=float, default=3.0, help="mean rate of uploads (default 3)")
    parser.add_argument("--service-seconds", type=float, default=30.0, help="mean duration of a job (default 30)")
    parser.add_argument("--service-spread", type=float, default=0.4, help="coefficient of variation (default 0.4)")
    parser.add_argument("--minimum", type=int, help="fewest instances (default: variable WORKERS_MIN)")
    parser.add_argument("--maximum", type=int, help="most instances (default: variable WORKERS_MAX)")
    parser.add_argument("--slots", type=int, default=1, help="jobs that an instance runs at once (default 1)")
    parser.add_argument("--boot-seconds", type=float, default=120.0, help="from launch to the first job (default 120)")
    parser.add_argument("--zone-lost-at", type=float, metavar="SECONDS", help="lose one of two zones at this time")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers (default 1)")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw queue, fleet and backlog per worker")
    add_common_options(parser)
    asked = parser.parse_args(arguments)
    if min(asked.uploads, asked.per_minute, asked.service_seconds, asked.slots) <= 0:
        parser.error("uploads, rate, service time and slots must be more than 0")
    return asked


def _run_contender(
    definitions: list[Definition], variables: Variables, asked: argparse.Namespace, number: int
) -> SimulationOutcome:
    """Simulate one contender, in a process of its own. Raises ValueError, OSError, NothingRecorded."""
    namespace = str(variables["NAMESPACE"])
    setting = Setting(
        uploads=asked.uploads,
        service_time=ServiceTime(asked.service_seconds, asked.service_spread),
        minimum=int(variables["WORKERS_MIN"]) if asked.minimum is None else asked.minimum,
        maximum=int(variables["WORKERS_MAX"]) if asked.maximum is None else asked.maximum,
        slots=asked.slots,
        boot_seconds=asked.boot_seconds,
        zone_lost_at=asked.zone_lost_at,
        seed=asked.seed,
    )
    if asked.trace:
        arrivals = recorded_uploads(asked.trace)
    else:
        kinds = {"poisson": poisson, "diurnal": diurnal, "burst": bursts}
        arrivals = kinds[asked.arrivals](asked.per_minute, random.Random(asked.seed))  # noqa: S311
    return Simulation(setting, contenders(definitions, namespace)[number], arrivals, namespace).run()


def _print_table(found: Sequence[Figures], screen: Screen) -> None:
    header = f"{'from upload to published, s':<24}{'p50':>8}{'p90':>8}{'p99':>8}{'longest':>9}"
    screen.line(f"{header}{'worker-hours':>14}{'mean':>6}{'changes':>9}{'flaps':>7}{'interrupted':>13}", "bold")
    for f in found:
        latency = f"{f.contender:<24}{f.p50:>8.0f}{f.p90:>8.0f}{f.p99:>8.0f}{f.longest:>9.0f}"
        screen.line(
            f"{latency}{f.worker_hours:>14.1f}{f.workers_mean:>6.2f}{f.changes:>9}{f.flaps:>7}{f.interrupted:>13}"
        )
    screen.line(f"{found[0].published} uploads each")


if __name__ == "__main__":
    sys.exit(main())
