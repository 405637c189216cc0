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
from alarms.simulate.arrivals import bursts, diurnal, poisson
from alarms.simulate.policies import contenders, skipped_policies
from alarms.simulate.results import Figures, figures
from alarms.simulate.simulation import DrawSeconds, ServiceTime, Setting, Simulation, SimulationOutcome
from alarms.simulate.trace import PROCESSING_TIME, RecordedServiceTime, Trace, read_trace
from cli.command_parser import ExitCode, add_paths_option, command_parser
from cli.screen import Screen

DESCRIPTION = """\
Simulate uploads → queue → metrics → alarms → policies → fleet, and compare three ways to scale: the policies of the
definitions, two rules on the depth of the queue (add one worker at more than 20 waiting messages, remove one at fewer
than 5, without draining), and a fixed fleet of the maximum size. Each gets the same uploads and the same seed.

Processing times are those of the worker's records in the trace (ProcessingTime), drawn at random. Without such records
their mean is --service-seconds. The first line of the output says which.
"""

NOTES = """\
Not simulated: AWS tunes the alarms of target tracking by itself since November 2024, so real ones may be faster than
the 3 and 15 minutes assumed here. Instances that fail to start are not simulated either.
"""

EXAMPLES = [
    ("", "20,000 uploads over simulated days and nights"),
    ("--arrivals burst --uploads 5000 --png burst.png", "bursts, with a picture"),
    ("--arrivals diurnal --per-minute 6 --maximum 6 --zone-lost-at 7200", "a larger fleet that loses a zone"),
    ("--trace logs/*.log", "uploads and processing times of recorded logs"),
    ("--trace logs/api-emf.log --service-seconds 45", "the uploads of a log, with an assumed duration of jobs"),
]
SERVICE_SECONDS = 30.0  # assumed where neither the command line nor a log tells the duration of a job
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
        trace = read_trace(asked.trace) if asked.trace else None
        service_time, origin_of_times = _service_time(asked, trace)
        origin = f"{_origin_of_uploads(asked, trace)}; {origin_of_times}"
        screen.line(origin)
        run = partial(_run_contender, definitions, variables, asked, trace, service_time)
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
        screen.document([{**each.document(), "origin": origin} for each in found])
    _print_table(found, screen)
    if asked.png:
        from alarms.simulate.outcome_picture import outcome_figure  # noqa: PLC0415 - matplotlib takes long to import

        begins = trace.begins if trace else None
        target = float(variables["BACKLOG_TARGET"])
        outcome_figure(outcomes, target, subtitle=origin, begins=begins).savefig(asked.png, dpi=110)
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
    add_paths_option(parser, "--trace", "LOG", "take uploads (API) and processing times (worker) from these EMF logs")
    parser.add_argument("--uploads", type=int, default=20_000, help="number of uploads (default 20000)")
    parser.add_argument("--per-minute", type=float, default=3.0, help="mean rate of uploads (default 3)")
    parser.add_argument(
        "--service-seconds",
        type=float,
        help=f"mean duration of a job (default: those of the trace, else {SERVICE_SECONDS:g})",
    )
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
    numbers = (asked.uploads, asked.per_minute, asked.service_seconds, asked.slots)
    if min(number for number in numbers if number is not None) <= 0:
        parser.error("uploads, rate, service time and slots must be more than 0")
    return asked


def _origin_of_uploads(asked: argparse.Namespace, trace: Trace | None) -> str:
    if trace is None:
        return f"uploads: made up ({asked.arrivals}, {asked.per_minute:g} a minute)"
    return f"uploads: {min(asked.uploads, len(trace.uploads))} of {len(trace.uploads)} in the log"


def _service_time(asked: argparse.Namespace, trace: Trace | None) -> tuple[DrawSeconds, str]:
    """What draws the duration of a job, and a text that says where its figures come from."""
    if asked.service_seconds is not None:
        seconds, why = asked.service_seconds, "as given"
    elif trace and trace.processing_seconds:
        return RecordedServiceTime(trace.processing_seconds), trace.processing_text()
    else:
        because = f", because the log has no {PROCESSING_TIME}" if trace else ""
        seconds, why = SERVICE_SECONDS, f"assumed{because}"
    text = f"processing times: mean {seconds:g} s, coefficient of variation {asked.service_spread:g}, {why}"
    return ServiceTime(seconds, asked.service_spread), text


def _run_contender(
    definitions: list[Definition],
    variables: Variables,
    asked: argparse.Namespace,
    trace: Trace | None,
    service_time: DrawSeconds,
    number: int,
) -> SimulationOutcome:
    """Simulate one contender, in a process of its own. Raises ValueError."""
    namespace = str(variables["NAMESPACE"])
    setting = Setting(
        uploads=asked.uploads,
        service_time=service_time,
        minimum=int(variables["WORKERS_MIN"]) if asked.minimum is None else asked.minimum,
        maximum=int(variables["WORKERS_MAX"]) if asked.maximum is None else asked.maximum,
        slots=asked.slots,
        boot_seconds=asked.boot_seconds,
        zone_lost_at=asked.zone_lost_at,
        seed=asked.seed,
    )
    if trace:
        arrivals = iter(trace.arrivals)
    else:
        kinds = {"poisson": poisson, "diurnal": diurnal, "burst": bursts}
        arrivals = kinds[asked.arrivals](asked.per_minute, random.Random(asked.seed))  # noqa: S311
    return Simulation(setting, contenders(definitions, namespace)[number], arrivals, namespace).run()


def _print_table(found: Sequence[Figures], screen: Screen) -> None:
    header = f"{'from upload to published, s':<30}{'p50':>8}{'p90':>8}{'p99':>8}{'longest':>9}"
    screen.line(f"{header}{'worker-hours':>14}{'mean':>6}{'changes':>9}{'flaps':>7}{'interrupted':>13}", "bold")
    for f in found:
        latency = f"{f.contender:<30}{f.p50:>8.0f}{f.p90:>8.0f}{f.p99:>8.0f}{f.longest:>9.0f}"
        screen.line(
            f"{latency}{f.worker_hours:>14.1f}{f.workers_mean:>6.2f}{f.changes:>9}{f.flaps:>7}{f.interrupted:>13}"
        )
    screen.line(f"{found[0].published} uploads each")


if __name__ == "__main__":
    sys.exit(main())
