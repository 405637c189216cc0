"""What the rules of CloudWatch cost here: `python -m benchmarks.cloudwatch` (`make bench-cloudwatch`).

Each piece of work runs in an interpreter of its own, as often as asked; the medians are shown. CPU time, since other
work on the machine does not change it much. Memory is the peak on top of the interpreter with its modules.
"""

import argparse
import json
import math
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from alarms.definition_files import Definition, DefinitionKind, read_definitions, read_variables
from alarms.options import EXAMPLE
from alarms.replay import watched_metrics
from alarms.simulate.arrivals import diurnal
from alarms.simulate.policies import contenders
from alarms.simulate.simulation import ServiceTime, Setting, Simulation
from alarms.sync.ownership import OWNER_KEY, owner_of
from alarms.sync.plan import LiveObject, make_plan
from benchmarks.cloudwatch.emf_reading import write_sample
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.emf import Datapoint, EmfReader, log_lines
from cloudwatch.store import MetricStore

DAY_MINUTES = 1440
BEGIN = 1_767_225_600
ALARMS = 100
VALUES_A_MINUTE = 5
LOG_BYTES = 20_000_000
PLANNED_ALARMS, PLANNED_DASHBOARDS = 1_000, 100
TARGET_SECONDS = {"alarms": 2.0, "simulate": 60.0}

# A piece of work: prepares, and returns what is measured; that returns how many units were done.
Prepared = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Work:
    """``unit`` is what the number counts."""

    what: str
    unit: str
    prepare: Callable[[Path, int], Prepared]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run."""

    done: int
    cpu_seconds: float
    peak_bytes: int


def _read_log(folder: Path, _: int) -> Prepared:
    log = folder / "emf.log"
    return lambda: _scanned(log)


def _scanned(log: Path) -> int:
    reader = EmfReader()
    for _ in reader.scan_lines(log_lines(log)):
        pass
    return reader.documents


def _evaluate_a_day(_: Path, __: int) -> Prepared:
    """Our metric alarms, metric math among them, again and again up to ALARMS."""
    ours = [d for d in _definitions() if d.kind is DefinitionKind.METRIC_ALARM]
    alarms = [MetricAlarm.from_api(ours[index % len(ours)].parameters) for index in range(ALARMS)]
    store = _a_day_of_values(alarms)
    end = BEGIN + DAY_MINUTES * 60

    def evaluate() -> int:
        for alarm in alarms:
            for _transition in AlarmMachine(alarm, store).run(BEGIN, end):
                pass
        return ALARMS * DAY_MINUTES

    return evaluate


def _a_day_of_values(alarms: list[MetricAlarm]) -> MetricStore:
    chance, store = random.Random(5), MetricStore()  # noqa: S311
    for metric in dict.fromkeys(metric for alarm in alarms for metric in watched_metrics(alarm)):
        for minute in range(DAY_MINUTES):
            if chance.random() > 0.01:
                values = tuple(chance.lognormvariate(1, 2) for _ in range(VALUES_A_MINUTE))
                store.add(Datapoint(metric, "None", (BEGIN + 60 * minute) * 1000, values))
    return store


def _plan_much(_: Path, __: int) -> Prepared:
    """One object of ten is missing in the account, one of ten differs there."""
    wanted = list(_many())
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


def _many() -> Iterator[Definition]:
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


def _simulate(_: Path, uploads: int) -> Prepared:
    """The contender that has most to evaluate: ours."""
    variables = read_variables(EXAMPLE)
    namespace = str(variables["NAMESPACE"])
    setting = Setting(uploads=uploads, service_time=ServiceTime(30.0, 0.4))
    ours = contenders(_definitions(), namespace)[0]
    uploads_at = diurnal(3.0, random.Random(1))  # noqa: S311
    return lambda: len(Simulation(setting, ours, uploads_at, namespace).run().latencies)


def _definitions() -> list[Definition]:
    return read_definitions(read_variables(EXAMPLE))


WORKS = {
    "emf": Work("EMF log read", "lines", _read_log),
    "alarms": Work(f"a day through {ALARMS} alarms", "alarm-minutes", _evaluate_a_day),
    "plan": Work(f"plan of {PLANNED_ALARMS} alarms, {PLANNED_DASHBOARDS} dashboards", "objects", _plan_much),
    "simulate": Work("uploads simulated", "uploads", _simulate),
}


def measure(name: str, folder: Path, uploads: int) -> Cost:
    """In an interpreter of its own. Raises subprocess.CalledProcessError."""
    command = [sys.executable, "-m", "benchmarks.cloudwatch", "--measure", name, "--uploads", str(uploads)]
    result = subprocess.run([*command, "--folder", str(folder)], check=True, capture_output=True, text=True)
    return Cost(*json.loads(result.stdout))


def _measure_here(name: str, folder: Path, uploads: int) -> Cost:
    work = WORKS[name].prepare(folder, uploads)
    before = _memory_bytes("VmRSS")
    started = time.process_time()
    done = work()
    return Cost(done, time.process_time() - started, _memory_bytes("VmHWM") - before)


def _memory_bytes(field: str) -> int:
    """Of this process, as Linux counts it: VmRSS now, VmHWM at its highest."""
    match = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match, f"no {field}"
    return int(match[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each (default 3)")
    parser.add_argument("--uploads", type=int, default=0, help="also simulate so many; 1000000 takes a minute")
    parser.add_argument("--measure", choices=WORKS, help="one of them, here, as JSON")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure and asked.folder:
        cost = _measure_here(asked.measure, asked.folder, asked.uploads)
        print(json.dumps([cost.done, cost.cpu_seconds, cost.peak_bytes]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sample(folder / "emf.log", LOG_BYTES)
        names = [name for name in WORKS if name != "simulate" or asked.uploads]
        costs = {name: [measure(name, folder, asked.uploads) for _ in range(asked.rounds)] for name in names}
    Console().print(_table(costs))
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs")


def _table(costs: dict[str, list[Cost]]) -> Table:
    table = Table("work", "CPU seconds", "target", "a second", "peak MB")
    for name, runs in costs.items():
        work, seconds = WORKS[name], median(run.cpu_seconds for run in runs)
        target = f"< {TARGET_SECONDS[name]:g}" if name in TARGET_SECONDS else ""
        rate = f"{runs[0].done / seconds:,.0f} {work.unit}"
        peak = f"{median(run.peak_bytes for run in runs) / 1e6:.1f}"
        table.add_row(f"{work.what} ({runs[0].done:,})", f"{seconds:.2f}", target, rate, peak)
    return table


if __name__ == "__main__":
    main()
