"""Incident rehearsals: exactly the alarms that should fire do so, within the minutes that the runbook promises."""

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

SLACK_MINUTES = 1.5  # a second of a busy machine is twenty of the compressed time

Scene = Callable[[SystemUnderFaults, PostgresServer], Rehearsal]


def the_queue_is_away(system: SystemUnderFaults, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(system)
    with FaultProxy(system.directory / "proxy.log", system.emulator.url) as proxy:
        overrides = {**INTERVALS, **system.through(proxy.url)}
        system.start_worker(**overrides)
        system.start_api(**overrides)
        rehearsal.play(lambda: proxy.rules({"service": "sqs", "probability": 1.0, "reset": True}))
        assert proxy.fired() > 0
    return rehearsal


def every_video_is_bad(system: SystemUnderFaults, _postgres: PostgresServer) -> Rehearsal:
    rehearsal, mark = Rehearsal(system), system.directory / "refuse"
    system.start_worker(**INTERVALS, REFUSE_IF=str(mark))
    system.start_api(**INTERVALS)
    rehearsal.play(mark.touch)
    return rehearsal


def the_worker_is_killed(system: SystemUnderFaults, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(system)
    worker = system.start_worker(**INTERVALS)
    system.start_api(**INTERVALS)
    rehearsal.play(lambda: worker.send_signal(signal.SIGKILL))
    return rehearsal


def the_api_answers_500s(system: SystemUnderFaults, postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(system)
    name = system.database_url.rpartition("/")[2]
    with FaultProxy(system.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as proxy:
        system.start_worker(**INTERVALS)
        system.start_api(**INTERVALS, ANB_DATABASE_URL=f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}")
        rehearsal.play(lambda: proxy.rules({"service": "postgres", "reset": True}))
    return rehearsal


def the_sink_of_the_api_stalls(system: SystemUnderFaults, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(system)
    pipe = system.directory / "pipe"
    with stallable_log(pipe, system.emf_log) as stalled:
        system.start_worker(**INTERVALS)
        narrow = {"ANB_EMF_DESTINATION": f"file:{pipe}", "ANB_EMF_QUEUE_RECORDS_MAX": "10"}
        system.start_api(**INTERVALS, **narrow)

        def stall() -> None:
            stalled.set()
            threading.Timer(4 * MINUTE_SECONDS, stalled.clear).start()

        rehearsal.play(stall)
        for process in system.processes:
            process.stop()
    return rehearsal


SCENES: dict[str, tuple[Scene, set[str]]] = {
    "queue": (the_queue_is_away, {"backlog-metric-missing", "needs-attention"}),
    "videos": (every_video_is_bad, {"refusals-high", "needs-attention"}),
    "worker": (
        the_worker_is_killed,
        {"worker-heartbeat-missing", "backlog-metric-missing", "workers-down", "needs-attention"},
    ),
    "api": (the_api_answers_500s, {"api-errors", "users-see-errors"}),
    "sink": (the_sink_of_the_api_stalls, {"records-dropped", "needs-attention"}),
}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_exactly_the_alarms_that_should_fire_do_so_in_time(make_system: SystemMaker, postgres: PostgresServer) -> None:
    """The scenes are played side by side: most of their time is waiting."""
    with ThreadPoolExecutor(len(SCENES)) as pool:
        systems = {name: make_system() for name in SCENES}
        plays = {name: pool.submit(scene, systems[name], postgres) for name, (scene, _) in SCENES.items()}
        problems = [p for name, play in plays.items() for p in judge(name, play.result())]
    assert problems == []


def judge(name: str, rehearsal: Rehearsal) -> list[str]:
    for process in rehearsal.system.processes:
        process.stop()
    histories = rehearsal.histories()
    fired, expected = rehearsal.fired(histories), SCENES[name][1]
    promised = {h.definition.stem: float(h.definition.why["fires_within_minutes"]) for h in histories}
    problems = [f"{name}: {stem} should have fired" for stem in sorted(expected - fired.keys())]
    problems += [f"{name}: {stem} should not have fired" for stem in sorted(fired.keys() - expected)]
    problems += [
        f"{name}: {stem} fired after {fired[stem]:.1f} min, promised are {promised[stem]:g}"
        for stem in sorted(expected & fired.keys())
        if not 0 <= fired[stem] <= promised[stem] + SLACK_MINUTES + stall_minutes(name)
    ]
    return problems


def stall_minutes(name: str) -> float:
    """A loss shows in the metrics when the stall ends."""
    return 4.0 if name == "sink" else 0.0
