"""Incident rehearsals: exactly the alarms that should fire do so, within the minutes that the runbook promises."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.system.postgres_server import PostgresServer
from tests.faults.fixtures import StageMaker
from tests.faults.proxy import FaultProxy
from tests.faults.rehearsal import INTERVALS, MINUTE_SECONDS, Rehearsal, stallable_log
from tests.faults.system_under_faults import Stage

SLACK_MINUTES = 1.5  # a second of a busy machine is twenty of the compressed time

Scene = Callable[[Stage, PostgresServer], Rehearsal]


def the_queue_is_away(stage: Stage, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(stage)
    with FaultProxy(stage.directory / "proxy.log", stage.emulator.url) as proxy:
        overrides = {**INTERVALS, **stage.through(proxy.url)}
        stage.start_worker(**overrides)
        stage.start_api(**overrides)
        rehearsal.play(lambda: proxy.rules({"service": "sqs", "probability": 1.0, "reset": True}))
        assert proxy.fired() > 0
    return rehearsal


def every_video_is_bad(stage: Stage, _postgres: PostgresServer) -> Rehearsal:
    rehearsal, mark = Rehearsal(stage), stage.directory / "refuse"
    stage.start_worker(**INTERVALS, REFUSE_IF=str(mark))
    stage.start_api(**INTERVALS)
    rehearsal.play(mark.touch)
    return rehearsal


def the_worker_is_killed(stage: Stage, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(stage)
    worker = stage.start_worker(**INTERVALS)
    stage.start_api(**INTERVALS)
    rehearsal.play(lambda: worker.send_signal(signal.SIGKILL))
    return rehearsal


def the_api_answers_500s(stage: Stage, postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(stage)
    name = stage.database_url.rpartition("/")[2]
    with FaultProxy(stage.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as proxy:
        stage.start_worker(**INTERVALS)
        stage.start_api(**INTERVALS, ANB_DATABASE_URL=f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}")
        rehearsal.play(lambda: proxy.rules({"service": "postgres", "reset": True}))
    return rehearsal


def the_sink_of_the_api_stalls(stage: Stage, _postgres: PostgresServer) -> Rehearsal:
    rehearsal = Rehearsal(stage)
    pipe = stage.directory / "pipe"
    with stallable_log(pipe, stage.emf_log) as stalled:
        stage.start_worker(**INTERVALS)
        narrow = {"ANB_EMF_DESTINATION": f"file:{pipe}", "ANB_EMF_QUEUE_RECORDS_MAX": "10"}
        stage.start_api(**INTERVALS, **narrow)

        def stall() -> None:
            stalled.set()
            threading.Timer(4 * MINUTE_SECONDS, stalled.clear).start()

        rehearsal.play(stall)
        for process in stage.processes:
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
def test_exactly_the_alarms_that_should_fire_do_so_in_time(make_stage: StageMaker, postgres: PostgresServer) -> None:
    """The scenes are played side by side: most of their time is waiting."""
    with ThreadPoolExecutor(len(SCENES)) as pool:
        stages = {name: make_stage() for name in SCENES}
        plays = {name: pool.submit(scene, stages[name], postgres) for name, (scene, _) in SCENES.items()}
        problems = [p for name, play in plays.items() for p in judge(name, play.result())]
    assert problems == []


def judge(name: str, rehearsal: Rehearsal) -> list[str]:
    for process in rehearsal.stage.processes:
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
