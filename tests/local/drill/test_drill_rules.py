"""The rules of a drill: the figures of infra/, the limits of its story, its alarms, and the owner of a claim."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from alarms.definition_files import read_variables
from alarms.definition_reading import read_definitions
from local.drill.__main__ import BURST, BURST_SHORT
from local.drill.autoscaler import WARMUP_SECONDS, Autoscaler, MinuteReport
from local.drill.claims import HeldClaim, claims_held_by
from local.drill.clock import BASE, Clock
from local.drill.drill import VARIABLES
from local.drill.emulated_group import GROUP, HOOK
from local.drill.story import Bounds
from local.system.ec2_stub import AwsProxy
from local.system.processes import free_port
from showcase.database.engine import Database
from showcase.jobs.jobs import claim
from tests.alarms.emf_log import BEGIN, MINUTE, NAMESPACE, queue
from tests.infra.templates import template
from tests.records import new_video

BOUNDS = Bounds(minimum=1, maximum=3, target=10)


def with_default_prefix(name: dict[str, str]) -> str:
    """A name of the template with its default prefix filled in."""
    return name["Fn::Sub"].replace("${Prefix}", template("worker")["Parameters"]["Prefix"]["Default"])


def test_the_emulated_group_has_the_figures_of_the_template() -> None:
    stack = template("worker")
    group = stack["Resources"]["Group"]["Properties"]
    hooks = {hook["LifecycleTransition"]: hook for hook in group["LifecycleHookSpecificationList"]}
    defaults = {name: parameter.get("Default") for name, parameter in stack["Parameters"].items()}
    variables = read_variables(VARIABLES)
    assert with_default_prefix(group["AutoScalingGroupName"]) == GROUP == variables["AUTO_SCALING_GROUP"]
    assert with_default_prefix(hooks["autoscaling:EC2_INSTANCE_TERMINATING"]["LifecycleHookName"]) == HOOK
    assert group["DefaultInstanceWarmup"] == {"Ref": "BootSeconds"} and defaults["BootSeconds"] == WARMUP_SECONDS
    assert (defaults["WorkersMin"], defaults["WorkersMax"]) == (variables["WORKERS_MIN"], variables["WORKERS_MAX"])
    assert Bounds(*(int(variables[n]) for n in ("WORKERS_MIN", "WORKERS_MAX", "BACKLOG_TARGET"))) == BOUNDS


class RecordedRun:
    """An autoscaler on a log that the test writes: waiting videos, and the workers that were desired a minute ago."""

    def __init__(self, log: Path) -> None:
        self._log = log
        variables = read_variables(VARIABLES)
        self._autoscaler = Autoscaler(
            read_definitions(variables),
            NAMESPACE,
            log,
            Clock(MINUTE, start=BEGIN),
            minimum=BOUNDS.minimum,
            maximum=BOUNDS.maximum,
        )
        self._minute = 0
        self._workers = BOUNDS.minimum

    @property
    def desired(self) -> int:
        return self._autoscaler.group.desired

    def minutes(self, count: int, work: Callable[[int], float] | None) -> list[MinuteReport]:
        """``work`` gives the waiting videos for a number of workers; None writes no records."""
        return [self._next(work) for _ in range(count)]

    def _next(self, work: Callable[[int], float] | None) -> MinuteReport:
        if work:
            waiting = work(self.desired)
            record = queue(self._minute + 0.5, QueueDepth=waiting, BacklogPerWorker=waiting / self._workers)
            with self._log.open("a") as log:
                log.write(json.dumps({**record, "Workers": self._workers}) + "\n")
        self._minute += 1
        self._workers = self.desired
        return self._autoscaler.minute(BASE + self._minute * MINUTE)


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    return RecordedRun(tmp_path / "emf.log")


def steps(minutes: list[MinuteReport]) -> list[tuple[int, int]]:
    return [(minute.decision.old, minute.decision.new) for minute in minutes if minute.decision]


@pytest.mark.parametrize("burst", [BURST, BURST_SHORT])
def test_a_burst_brings_all_workers_and_enough_work_keeps_them(burst: int, recorded: RecordedRun) -> None:
    assert recorded.minutes(15, lambda _: burst)[-1].decision is None
    assert recorded.desired == BOUNDS.maximum
    assert steps(recorded.minutes(60, lambda _: BOUNDS.work_for(BOUNDS.maximum))) == []


def test_the_fleet_shrinks_one_by_one_and_all_workers_have_work(recorded: RecordedRun) -> None:
    """This holds also while the newest datapoint counts more workers than there are."""
    recorded.minutes(30, lambda _: BURST_SHORT)
    down = recorded.minutes(60, BOUNDS.work_for_one_fewer)
    assert steps(down) == [(3, 2), (2, 1)]
    assert all(BOUNDS.work_for_one_fewer(workers) > workers for workers in (2, 3))


def test_after_the_first_step_down_it_waits_for_the_players_to_go_home(recorded: RecordedRun) -> None:
    recorded.minutes(30, lambda _: BURST_SHORT)
    assert steps(recorded.minutes(60, lambda _: BOUNDS.work_for_one_fewer(3))) == [(3, 2)]


def test_alarms_without_an_action_and_composites_are_watched_too(recorded: RecordedRun) -> None:
    recorded.minutes(3, lambda _: 0)
    changes = {(change.name, change.new) for minute in recorded.minutes(7, lambda _: 80) for change in minute.changes}
    assert {("anb-queue-depth-high", "ALARM"), ("anb-needs-attention", "ALARM")} <= changes


def test_minutes_before_the_start_are_no_missing_data_but_later_silent_minutes_are(recorded: RecordedRun) -> None:
    assert [minute.changes for minute in recorded.minutes(3, None)] == [(), (), ()]
    changes = {change.name for minute in recorded.minutes(5, None) for change in minute.changes}
    assert {"anb-backlog-metric-missing", "anb-workers-down"} <= changes


def test_a_claim_belongs_to_the_worker_with_exactly_this_pid(database: Database) -> None:
    host = socket.gethostname()
    mine = claimed_by(database, f"{host}-12-abc")
    for other in (f"{host}-112-abc", f"{host}-121-abc", "ip-10-12-0-9-7-abc", "another-12-abc"):
        claimed_by(database, other)
    assert claims_held_by(database, 12) == [mine]
    assert claims_held_by(database, 1) == []


def claimed_by(database: Database, worker: str) -> HeldClaim:
    entry = new_video(database)
    with database.writing() as connection:
        taken = claim(connection, entry.video_id, entry.task_id, worker=worker, lease_seconds=60, attempts_max=5)
    assert not isinstance(taken, str)
    return HeldClaim(taken.video_id, taken.fence)


def test_the_proxy_answers_503_while_the_emulator_is_away() -> None:
    with AwsProxy(f"http://127.0.0.1:{free_port()}") as aws_proxy:
        aws_proxy.start()
        assert httpx.get(aws_proxy.url, trust_env=False).status_code == 503
