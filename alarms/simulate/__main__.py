"""``python -m alarms.simulate``: how the scaling policies would do, before anybody deploys them."""

import argparse
import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from alarms.definition_files import Definition, DefinitionError, Variables
from alarms.options import add_common_options, read_asked_definitions
from alarms.simulate import arrivals
from alarms.simulate.policies import contenders
from alarms.simulate.results import Figures, figures
from alarms.simulate.simulation import Setting, Simulation, SimulationOutcome
from cli.screen import Screen

DESCRIPTION = """\
Simulate uploads → queue → metrics → alarms → policies → fleet, and compare three ways to scale: the definitions', the
plan's original rules (add one at more than 20 waiting messages, remove one at fewer than 5, nothing drained), and a
fixed fleet of the maximum. The same uploads and the same seed for each.
"""

EPILOG = """\
examples:
  python -m alarms.simulate
  python -m alarms.simulate --arrivals burst --uploads 5000 --png burst.png
  python -m alarms.simulate --arrivals diurnal --per-minute 6 --maximum 6 --zone-lost-at 7200
  python -m alarms.simulate --trace logs/api-emf.log --service-seconds 45

Not in it: that AWS tunes the alarms of target tracking by itself since November 2024 (real ones may be faster than the
3 and 15 minutes assumed here), and instances that fail to start.

exit codes:
  0  simulated
  1  a trace that cannot be read, or a fleet whose bounds contradict each other
  2  wrong usage, or definitions that cannot be read
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        outcomes = _simulate(definitions, variables, asked)
    except DefinitionError as error:
        screen.fail(str(error))
        return 2
    except (ValueError, OSError) as error:
        screen.fail(str(error))
        return 1
    found = [figures(outcome) for outcome in outcomes]
    if asked.json:
        print(json.dumps([each.document() for each in found], indent=2))  # noqa: T201 - for machines
    _show(found, screen)
    if asked.png:
        from alarms.simulate.outcome_drawing import draw_outcomes  # noqa: PLC0415 - matplotlib is slow to import

        draw_outcomes(outcomes, float(variables["BACKLOG_TARGET"]), asked.png)
        screen.line(f"drawn: {asked.png}")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m alarms.simulate",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--arrivals", choices=("poisson", "diurnal", "burst"), default="diurnal")
    parser.add_argument("--trace", nargs="+", type=Path, metavar="LOG", help="uploads as EMF logs of the API have them")
    parser.add_argument("--uploads", type=int, default=20_000, help="how many (default 20000)")
    parser.add_argument("--per-minute", type=float, default=3.0, help="mean rate (default 3)")
    parser.add_argument("--service-seconds", type=float, default=30.0, help="mean time of a job (default 30)")
    parser.add_argument("--service-spread", type=float, default=0.4, help="its coefficient of variation (default 0.4)")
    parser.add_argument("--minimum", type=int, help="instances (default: variable WORKERS_MIN)")
    parser.add_argument("--maximum", type=int, help="instances (default: variable WORKERS_MAX)")
    parser.add_argument("--slots", type=int, default=1, help="jobs at once on an instance (default 1)")
    parser.add_argument("--boot-seconds", type=float, default=120.0, help="from launch to the first job (default 120)")
    parser.add_argument("--zone-lost-at", type=float, metavar="SECONDS", help="one of two zones is lost then")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw queue, fleet and backlog a worker")
    add_common_options(parser)
    asked = parser.parse_args(arguments)
    if min(asked.uploads, asked.per_minute, asked.service_seconds, asked.slots) <= 0:
        parser.error("uploads, rate, service time and slots must be more than 0")
    return asked


def _simulate(
    definitions: list[Definition], variables: Variables, asked: argparse.Namespace
) -> list[SimulationOutcome]:
    """Each contender in a process of its own: they know nothing of each other."""
    compete = partial(_compete, definitions, variables, asked)
    with ProcessPoolExecutor() as processes:
        return list(processes.map(compete, range(len(contenders(definitions, "")))))


def _compete(
    definitions: list[Definition], variables: Variables, asked: argparse.Namespace, number: int
) -> SimulationOutcome:
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
    return Simulation(setting, contenders(definitions, namespace)[number], _arrivals(asked), namespace).run()


class ServiceTime:
    """Draws from a log-normal distribution with this mean (seconds) and coefficient of variation."""

    def __init__(self, mean: float, spread: float) -> None:
        self._sigma = math.sqrt(math.log(1 + spread * spread))
        self._mu = math.log(mean) - self._sigma**2 / 2

    def __call__(self, chance: random.Random) -> float:
        return chance.lognormvariate(self._mu, self._sigma)


def _arrivals(asked: argparse.Namespace) -> Iterator[float]:
    chance = random.Random(asked.seed)  # noqa: S311
    if asked.trace:
        return arrivals.recorded(asked.trace)
    kinds = {"poisson": arrivals.poisson, "diurnal": arrivals.diurnal, "burst": arrivals.bursts}
    return kinds[asked.arrivals](asked.per_minute, chance)


def _show(found: Sequence[Figures], screen: Screen) -> None:
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
