"""Incident rehearsals: exactly the expected alarms fire, within the minutes that the runbook promises."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.system.postgres_server import PostgresServer
from tests.faults.fixtures import SystemMaker
from tests.faults.proxy import FaultProxy
from tests.faults.rehearsal import INTERVALS, MINUTE_SECONDS, Rehearsal, stallable_log
from tests.faults.system_under_faults import SystemUnderFaults

SLACK_MINUTES = 1.5  # one second of delay on a busy machine is twenty seconds of compressed time

Incident = Callable[[SystemUnderFaults, PostgresServer], Rehearsal]


def queue_unreachable(system: SystemUnderFaults, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(system)
    with FaultProxy(system.directory / "proxy.log", system.emulator.url) as proxy:
        overrides = {**INTERVALS, **system.through(proxy.url)}
        system.start_worker(**overrides)
        system.start_api(**overrides)
        rehearsal.run(lambda: proxy.set_rules({"service": "sqs", "probability": 1.0, "reset": True}))
        assert proxy.fired() > 0
    return rehearsal


def all_videos_damaged(system: SystemUnderFaults, _postgres: PostgresServer) -> Rehearsal:
    rehearsal, refuse = Rehearsal(system), system.directory / "refuse"
    system.start_worker(**INTERVALS, REFUSE_IF=str(refuse))
    system.start_api(**INTERVALS)
    rehearsal.run(refuse.touch)
    return rehearsal


def worker_killed(system: SystemUnderFaults, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(system)
    worker = system.start_worker(**INTERVALS)
    system.start_api(**INTERVALS)
    rehearsal.run(lambda: worker.send_signal(signal.SIGKILL))
    return rehearsal


def database_unreachable_for_api(system: SystemUnderFaults, postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(system)
    name = system.database_url.rpartition("/")[2]
    with FaultProxy(system.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as proxy:
        system.start_worker(**INTERVALS)
        system.start_api(**INTERVALS, ANB_DATABASE_URL=f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}")
        rehearsal.run(lambda: proxy.set_rules({"service": "postgres", "reset": True}))
    return rehearsal


def log_of_api_stalled(system: SystemUnderFaults, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(system)
    pipe = system.directory / "pipe"
    with stallable_log(pipe, system.emf_log) as stalled:
        system.start_worker(**INTERVALS)
        narrow = {"ANB_EMF_DESTINATION": f"file:{pipe}", "ANB_EMF_QUEUE_RECORDS_MAX": "10"}
        system.start_api(**INTERVALS, **narrow)

        def stall() -> None:
            stalled.set()
            threading.Timer(4 * MINUTE_SECONDS, stalled.clear).start()

        rehearsal.run(stall)
        for process in system.processes:
            process.stop()
    return rehearsal


INCIDENTS: dict[str, tuple[Incident, set[str]]] = {
    "queue": (queue_unreachable, {"backlog-metric-missing", "needs-attention"}),
    "videos": (all_videos_damaged, {"refusals-high", "needs-attention"}),
    "worker": (
        worker_killed,
        {"worker-heartbeat-missing", "backlog-metric-missing", "workers-down", "needs-attention"},
    ),
    "api": (database_unreachable_for_api, {"api-errors", "users-see-errors"}),
    "sink": (log_of_api_stalled, {"records-dropped", "needs-attention"}),
}


@pytest.mark.campaign("seven incidents, each as long as the minutes of its alarms, which are a second each")
@pytest.mark.timeout(600)
def test_exactly_the_expected_alarms_fire_in_time(make_system: SystemMaker, postgres: PostgresServer) -> None:
    """The incidents run at the same time, because most of their time is waiting."""
    with ThreadPoolExecutor(len(INCIDENTS)) as pool:
        systems = {name: make_system() for name in INCIDENTS}
        runs = {name: pool.submit(incident, systems[name], postgres) for name, (incident, _) in INCIDENTS.items()}
        problems = [p for name, run in runs.items() for p in differences(name, run.result())]
    assert problems == []


def differences(name: str, rehearsal: Rehearsal) -> list[str]:
    """What differs from the expected alarms, one line each."""
    for process in rehearsal.system.processes:
        process.stop()
    histories = rehearsal.histories()
    fired, expected = rehearsal.fired(histories), INCIDENTS[name][1]
    promised = {h.definition.stem: float(h.definition.why["fires_within_minutes"]) for h in histories}
    problems = [f"{name}: {stem} should have fired" for stem in sorted(expected - fired.keys())]
    problems += [f"{name}: {stem} should not have fired" for stem in sorted(fired.keys() - expected)]
    problems += [
        f"{name}: {stem} fired after {fired[stem]:.1f} min; the runbook promises {promised[stem]:g}"
        for stem in sorted(expected & fired.keys())
        if not 0 <= fired[stem] <= promised[stem] + SLACK_MINUTES + stall_minutes(name)
    ]
    return problems


def stall_minutes(name: str) -> float:
    """The loss of records appears in the metrics only when the stall has ended."""
    return 4.0 if name == "sink" else 0.0
