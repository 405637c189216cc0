"""``python -m benchmarks.cloudwatch``: the cost of CloudWatch's rules here: reading, evaluating, planning, simulating.

A log is read in several ways side by side: by json.loads alone, as a measure; by parsing each line; by recognising the
shapes of lines; into a store of metrics, with and without the values that percentiles need; and with our alarms
played over it.
Each piece of work runs in an interpreter of its own, several times; the table shows medians. The benchmark measures
CPU time, because other work on the machine changes it little. Memory is the peak above that of the interpreter with
its modules.
"""

import argparse
import json
import math
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from alarms.definition_files import Definition, DefinitionKind, read_variables
from alarms.definition_reading import read_definitions
from alarms.options import EXAMPLE
from alarms.recording import Recording, raw_metrics, read_recording
from alarms.replay import History, replay, watched_metrics
from alarms.simulate.arrivals import diurnal
from alarms.simulate.policies import contenders
from alarms.simulate.simulation import ServiceTime, Setting, Simulation
from alarms.sync.ownership import OWNER_KEY, owner_of
from alarms.sync.plan import LiveObject, make_plan
from benchmarks.benchmark_screen import benchmark_screen, describe_machine
from benchmarks.cloudwatch.sample_log import write_sample
from benchmarks.process_figures import status_bytes
from benchmarks.targets import EXIT_CODES, Target, exit_code, target_table
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.emf import Datapoint, EmfReader, log_lines, read_document
from cloudwatch.store import MetricStore

WEEK_MINUTES = 10_080
BEGIN = 1_767_225_600
ALARMS = 1_000
VALUES_A_MINUTE = 5
LOG = "emf.log"
MEGABYTES = 100
REFERENCE = 260_000  # lines that json.loads alone reads in a second on the machine for which the targets were set
PLANNED_ALARMS, PLANNED_DASHBOARDS = 1_000, 100

DESCRIPTION = """\
Measure the CPU time and memory of CloudWatch's rules in this project: reading an EMF log, evaluating alarms over a
week, planning a sync, and (with --uploads) simulating uploads.
"""
EXAMPLES = [
    ("--rounds 1", "each piece of work once"),
    ("--megabytes 1000", "reading, with a log of 1 GB"),
    ("--uploads 1000000", "also simulate a million uploads, which takes a minute"),
    ("--measure plan", "one piece of work in this process, as JSON: units done, CPU seconds, peak bytes"),
]

# A piece of work prepares its input and returns the call to measure. That call returns the number of units it has done.
Prepared = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one run."""

    done: int
    cpu_seconds: float
    peak_bytes: int

    @property
    def rate(self) -> float:
        """Units done in a second of CPU time."""
        return self.done / self.cpu_seconds


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work; ``unit`` names what its call counts. ``prepare`` gets a folder and the number of uploads."""

    what: str
    unit: str
    prepare: Callable[[Path, int], Prepared]


def _reading(read: Callable[[Path], object]) -> Callable[[Path, int], Prepared]:
    """Work on the sample log: ``read`` gives an item for each line, or something to keep until it is measured."""

    def prepare(folder: Path, _: int) -> Prepared:
        log = folder / LOG
        lines = sum(1 for _ in log.open("rb"))
        kept: list[object] = []

        def work() -> int:
            result = read(log)
            kept.append(deque(result, maxlen=0) if isinstance(result, Iterator) else result)
            return lines

        return work

    return prepare


def _read_for_our_alarms(log: Path) -> Recording:
    return read_recording([log], _definitions())


def _replay_our_alarms(log: Path) -> tuple[Recording, list[History]]:
    recording = _read_for_our_alarms(log)
    return recording, replay(_definitions(), recording)


def _evaluate_a_week(_: Path, __: int) -> Prepared:
    """Our metric alarms, those with metric math included, repeated up to ALARMS, on a week of random values.

    The store keeps the values of those metrics whose alarms need them, as the backtest does.
    """
    ours = [d for d in _definitions() if d.kind is DefinitionKind.METRIC_ALARM]
    played = [alarm for d in ours if isinstance(alarm := read_metric_alarm(d.parameters), MetricAlarm)]
    alarms = [played[index % len(played)] for index in range(ALARMS)]
    chance, store = random.Random(5), MetricStore(distributions=raw_metrics(played))  # noqa: S311
    for metric in dict.fromkeys(metric for alarm in played for metric in watched_metrics(alarm)):
        for minute in range(WEEK_MINUTES):
            if chance.random() > 0.01:
                values = tuple(chance.lognormvariate(1, 2) for _ in range(VALUES_A_MINUTE))
                store.add(Datapoint(metric, "None", (BEGIN + 60 * minute) * 1000, values))

    def evaluate() -> int:
        for alarm in alarms:
            for _transition in AlarmMachine(alarm, store).run(BEGIN, BEGIN + WEEK_MINUTES * 60):
                pass
        return ALARMS * WEEK_MINUTES

    return evaluate


def _plan_a_sync(_: Path, __: int) -> Prepared:
    """One object of ten is missing in the account, and one of ten differs there."""
    wanted = list(_many_definitions())
    tags = {OWNER_KEY: owner_of("anb")}
    live = [
        LiveObject(d.kind, d.name, f"arn:{d.name}", _drifted(d) if number % 10 == 1 else d.parameters, tags)
        for number, d in enumerate(wanted)
        if number % 10
    ]

    def plan() -> int:
        changes = make_plan(wanted, live, tags=tags, prune=True).changes
        assert len(changes) == math.ceil(len(wanted) / 10) * 2, len(changes)
        return len(wanted)

    return plan


def _many_definitions() -> Iterator[Definition]:
    """Our alarms and dashboards, repeated under new names up to the planned numbers."""
    for kind, name, amount in (
        (DefinitionKind.METRIC_ALARM, "AlarmName", PLANNED_ALARMS),
        (DefinitionKind.DASHBOARD, "DashboardName", PLANNED_DASHBOARDS),
    ):
        ours = [d for d in _definitions() if d.kind is kind]
        for number in range(amount):
            like = ours[number % len(ours)]
            parameters = {**like.parameters, name: f"{like.name}-{number}"}
            yield Definition(kind, like.file, like.why, like.assumes, parameters)


def _drifted(definition: Definition) -> dict[str, Any]:
    if definition.kind is DefinitionKind.DASHBOARD:
        return {**definition.parameters, "DashboardBody": json.dumps({"widgets": []})}
    return {**definition.parameters, "Threshold": -1}


def _simulate_uploads(_: Path, uploads: int) -> Prepared:
    """The scaling policies of the definitions, which evaluate the most alarms of all contenders."""
    namespace = str(read_variables(EXAMPLE)["NAMESPACE"])
    setting = Setting(uploads=uploads, service_time=ServiceTime(30.0, 0.4))
    ours = contenders(_definitions(), namespace)[0]
    uploads_at = diurnal(3.0, random.Random(1))  # noqa: S311
    return lambda: len(Simulation(setting, ours, uploads_at, namespace).run().latencies)


def _definitions() -> list[Definition]:
    return read_definitions(read_variables(EXAMPLE))


WORKS = {
    "json": Work("log: json.loads alone", "lines", _reading(lambda log: map(json.loads, log_lines(log)))),
    "parsed": Work("log: each line parsed", "lines", _reading(lambda log: map(read_document, log_lines(log)))),
    "read": Work("log: shapes recognised", "lines", _reading(lambda log: EmfReader().scan(log_lines(log)))),
    "kept": Work("log: kept, no percentiles", "lines", _reading(lambda log: read_recording([log], ()))),
    "ours": Work("log: kept, for our alarms", "lines", _reading(_read_for_our_alarms)),
    "played": Work("log: kept, our alarms played", "lines", _reading(_replay_our_alarms)),
    "alarms": Work(f"a week through {ALARMS:,} alarms", "alarm-minutes", _evaluate_a_week),
    "plan": Work(f"plan of {PLANNED_ALARMS} alarms, {PLANNED_DASHBOARDS} dashboards", "objects", _plan_a_sync),
    "simulate": Work("uploads simulated", "uploads", _simulate_uploads),
}


def _targets(costs: dict[str, Cost]) -> list[Target]:
    read, measure = costs["read"].rate, costs["json"].rate
    kept, played = (costs[name].peak_bytes / 1e6 for name in ("kept", "played"))
    alarms = costs["alarms"].cpu_seconds
    there = alarms * measure / REFERENCE
    text = f"EMF lines read in a second: at least 300,000 where json.loads alone reads {REFERENCE:,}"
    found = [
        Target(text, f"{read:,.0f} to {measure:,.0f}", read / measure >= 300_000 / REFERENCE),
        Target("memory of a log without percentiles: at most 10 MB", f"{kept:.1f} MB", kept <= 10),
        Target("memory of a log, with percentiles played: at most 10 MB", f"{played:.1f} MB", played <= 10),
        Target(
            f"a week through {ALARMS:,} alarms: at most 10 s where json.loads alone reads {REFERENCE:,}",
            f"{alarms:.2f} s here, that is {there:.2f} s there",
            there <= 10,
        ),
    ]
    if "simulate" in costs:
        simulated = costs["simulate"].cpu_seconds
        found.append(Target("uploads simulated: at most 60 s", f"{simulated:.0f} s", simulated <= 60))
    return found


def measure_apart(name: str, folder: Path, uploads: int) -> Cost:
    """Measure one of WORKS in an interpreter of its own. Raises subprocess.CalledProcessError."""
    command = [sys.executable, "-m", "benchmarks.cloudwatch", "--measure", name, "--uploads", str(uploads)]
    result = subprocess.run([*command, "--folder", str(folder)], check=True, stdout=subprocess.PIPE, text=True)
    return Cost(*json.loads(result.stdout))


def measure_here(name: str, folder: Path, uploads: int) -> Cost:
    """Measure one of WORKS in this process."""
    work = WORKS[name].prepare(folder, uploads)
    before = status_bytes("VmRSS")
    started = time.process_time()
    done = work()
    return Cost(done, time.process_time() - started, status_bytes("VmHWM") - before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; return an ExitCode."""
    parser = command_parser("benchmarks.cloudwatch", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--rounds", type=int, default=3, help="how often each piece of work runs (default 3)")
    parser.add_argument(
        "--megabytes", type=int, default=MEGABYTES, help=f"size of the log that is read (default {MEGABYTES})"
    )
    parser.add_argument("--uploads", type=int, default=0, help="uploads to simulate (default 0: no simulation)")
    parser.add_argument("--measure", choices=WORKS, help="measure one piece of work in this process, as JSON")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.measure == "simulate" and not asked.uploads:
        parser.error("a simulation needs --uploads")
    load_before = os.getloadavg()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        if not (folder / LOG).exists():
            write_sample(folder / LOG, asked.megabytes * 1_000_000)
        if asked.measure:
            cost = measure_here(asked.measure, folder, asked.uploads)
            Screen().document([cost.done, cost.cpu_seconds, cost.peak_bytes])
            return ExitCode.DONE
        names = [name for name in WORKS if name != "simulate" or asked.uploads]
        costs = {
            name: _median([measure_apart(name, folder, asked.uploads) for _ in range(asked.rounds)]) for name in names
        }
    screen = benchmark_screen()
    screen.show(_table(costs))
    screen.line(describe_machine(load_before, f"Python {platform.python_version()}"))
    targets = _targets(costs)
    screen.show(target_table(targets))
    return exit_code(targets)


def _median(runs: Sequence[Cost]) -> Cost:
    return Cost(runs[0].done, median(run.cpu_seconds for run in runs), round(median(run.peak_bytes for run in runs)))


def _table(costs: dict[str, Cost]) -> Table:
    table = Table("work", "CPU seconds", "a second", "memory, MB")
    for name, cost in costs.items():
        work = WORKS[name]
        rate, memory = f"{cost.rate:,.0f} {work.unit}", f"{cost.peak_bytes / 1e6:.1f}"
        table.add_row(f"{work.what} ({cost.done:,})", f"{cost.cpu_seconds:.2f}", rate, memory)
    return table


if __name__ == "__main__":
    sys.exit(main())
