"""The simulation agrees with queueing theory and with the rules of the fleet, and a seed fixes its result."""

import json
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alarms.definition_files import Definition
from alarms.options import EXAMPLE
from alarms.simulate import __main__ as simulate
from alarms.simulate.arrivals import bursts, diurnal, poisson
from alarms.simulate.policies import DEFINED, DEPTH_RULES, FIXED, Contender, contenders
from alarms.simulate.results import figures
from alarms.simulate.simulated_fleet import SimulatedFleet
from alarms.simulate.simulation import Setting, Simulation, SimulationOutcome
from alarms.simulate.trace import RecordedServiceTime, read_trace
from tests.alarms.emf_log import BEGIN, NAMESPACE, job, request, write_log

UPLOADS = 1_500
SERVICE_SECONDS = 30.0

Run = Callable[..., tuple[int, str, str]]
Simulate = Callable[..., dict[str, SimulationOutcome]]


def exponential(chance: random.Random) -> float:
    return chance.expovariate(1 / SERVICE_SECONDS)


@pytest.fixture
def simulated(definitions: list[Definition]) -> Simulate:
    """The outcome of each contender under one setting, by name."""

    def simulated(*, per_minute: float = 3.0, arrivals: Any = bursts, **setting: Any) -> dict[str, SimulationOutcome]:
        known = {"uploads": UPLOADS, "service_time": exponential, **setting}
        return {
            contender.name: Simulation(
                Setting(**known), contender, arrivals(per_minute, random.Random(known.get("seed", 1))), NAMESPACE
            ).run()
            for contender in contenders(definitions, NAMESPACE)
        }

    return simulated


def test_the_same_seed_gives_the_same_result_and_another_seed_another(simulated: Simulate) -> None:
    one, same, other = simulated(seed=4), simulated(seed=4), simulated(seed=5)
    for name in (DEFINED, DEPTH_RULES, FIXED):
        assert one[name].latencies == same[name].latencies
        assert one[name].decisions == same[name].decisions
        assert one[name].latencies != other[name].latencies


@pytest.mark.parametrize("arrivals", [poisson, diurnal, bursts])
@pytest.mark.parametrize("zone_lost_at", [None, 20_000.0])
def test_every_contender_publishes_every_upload(simulated: Simulate, arrivals: Any, zone_lost_at: float | None) -> None:
    for outcome in simulated(arrivals=arrivals, zone_lost_at=zone_lost_at, slots=2).values():
        assert len(outcome.latencies) == UPLOADS
        assert min(outcome.latencies) > 0


def test_the_loss_of_a_zone_interrupts_jobs_and_loses_no_upload(simulated: Simulate) -> None:
    lost_at = 4 * 3600 / 2 + 120.0  # in the middle of a burst
    calm, struck = simulated(), simulated(zone_lost_at=lost_at)
    assert calm[FIXED].interrupted == 0
    assert struck[FIXED].interrupted > 0
    for outcome in struck.values():
        assert len(outcome.latencies) == UPLOADS


def test_after_the_loss_of_a_zone_the_fleet_returns_to_its_size(simulated: Simulate) -> None:
    outcome = simulated(zone_lost_at=4 * 3600 / 2 + 120.0, maximum=4)[FIXED]
    workers = outcome.metrics.column("Workers")
    lost, back = 122, 122 + 2 + 2 + 1  # replaced after two minutes, in service two minutes later
    assert workers[lost - 2] == 4
    assert workers[lost] == 2
    assert set(workers[back:]) == {4}


def test_a_shrinking_fleet_interrupts_jobs_under_the_rules_on_depth_only(
    simulated: Simulate,
) -> None:
    outcomes = simulated(uploads=4 * UPLOADS)
    assert any(decision.new < decision.old for decision in outcomes[DEFINED].decisions)
    assert outcomes[DEFINED].interrupted == 0
    assert outcomes[DEPTH_RULES].interrupted > 0


def test_a_fixed_fleet_costs_its_size_times_the_time(simulated: Simulate) -> None:
    outcome = simulated(maximum=3)[FIXED]
    assert outcome.worker_seconds == pytest.approx(3 * outcome.seconds)
    assert figures(outcome).workers_mean == 3
    assert outcome.decisions == []


@pytest.mark.parametrize("name", [DEFINED, DEPTH_RULES])
def test_a_fleet_stays_within_its_bounds(simulated: Simulate, name: str) -> None:
    outcome = simulated(minimum=2, maximum=4)[name]
    assert {decision.new for decision in outcome.decisions} <= {2, 3, 4}
    assert set(outcome.metrics.column("Workers")) <= {2, 3, 4}
    assert 2 * outcome.seconds * 0.999 <= outcome.worker_seconds


def erlang_c_wait(servers: int, arrivals_per_second: float, service_seconds: float) -> float:
    """The mean wait in an M/M/c queue, in seconds."""
    load = arrivals_per_second * service_seconds
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    waiting = last / (sum(load**k / math.factorial(k) for k in range(servers)) + last)
    return waiting / (servers / service_seconds - arrivals_per_second)


@pytest.mark.parametrize(("servers", "per_minute"), [(1, 1.0), (3, 4.0)])
def test_the_mean_wait_of_a_fixed_fleet_follows_erlang_c(servers: int, per_minute: float) -> None:
    contender = Contender(FIXED, list, fixed=True)
    setting = Setting(uploads=60_000, service_time=exponential, maximum=servers, seed=3)
    outcome = Simulation(setting, contender, poisson(per_minute, random.Random(8)), NAMESPACE).run()
    mean = sum(outcome.latencies) / len(outcome.latencies)
    expected = erlang_c_wait(servers, per_minute / 60, SERVICE_SECONDS) + SERVICE_SECONDS
    assert mean == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("arrivals", [poisson, diurnal])
def test_uploads_come_at_the_given_rate(arrivals: Any) -> None:
    times = _until(arrivals(6.0, random.Random(1)), 20 * 86_400.0)
    assert times == sorted(times)
    assert len(times) / (20 * 1440) == pytest.approx(6.0, rel=0.02)


def test_fewer_uploads_come_at_night_than_at_noon() -> None:
    times = _until(diurnal(6.0, random.Random(1)), 5 * 86_400.0)
    night = sum(time % 86_400 < 7_200 for time in times)
    noon = sum(36_000 <= time % 86_400 < 43_200 for time in times)
    assert night * 5 < noon


def test_a_burst_comes_within_a_minute() -> None:
    times = _until(bursts(3.0, random.Random(1)), 8 * 3600.0)
    assert times == sorted(times)
    for begins in (7_200.0, 21_600.0):
        assert sum(begins <= time < begins + 60 for time in times) >= 200


def _until(times: Iterator[float], end: float) -> list[float]:
    found: list[float] = []
    for time in times:
        if time >= end:
            return found
        found.append(time)
    raise AssertionError("arrivals ended")


def test_a_trace_holds_the_accepted_uploads_of_its_logs(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "emf.log",
        [request(3, UploadBytes=9), request(1, UploadBytes=5), request(2), request(4.5, UploadBytes=1)],
    )
    trace = read_trace([log])
    assert (trace.begins, trace.arrivals) == (BEGIN + 60, [0.0, 120.0, 210.0])


def test_a_trace_holds_the_processing_times_of_its_logs_in_seconds(tmp_path: Path) -> None:
    """In the unit of each record. A job without a clip has no time, and an unknown unit of time counts as none."""
    other_units = [job(4, ProcessingTime=value) for value in (7, 9)]
    for record, unit in zip(other_units, ("Seconds", "Count"), strict=True):
        for metric in record["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            metric["Unit"] = unit if metric["Name"] == "ProcessingTime" else metric["Unit"]
    api = write_log(tmp_path / "api.log", [request(1, UploadBytes=5)])
    worker = write_log(tmp_path / "worker.log", [job(2, ProcessingTime=21_500), job(3, JobErrors=1), *other_units])
    assert read_trace([worker, api]).processing_seconds == [21.5, 7.0]


def test_a_job_of_a_trace_lasts_as_long_as_one_that_was_recorded() -> None:
    draw, chance = RecordedServiceTime([2.0, 3.0, 50.0]), random.Random(1)
    assert {draw(chance) for _ in range(100)} == {2.0, 3.0, 50.0}


def test_an_instance_is_launched_in_the_zone_with_fewest_instances() -> None:
    fleet = SimulatedFleet(zones=2, slots=1, careful=True)
    assert [fleet.launch(0.0).zone for _ in range(4)] == [0, 1, 0, 1]
    fleet.lose_zone(0, 1.0)
    assert fleet.launch(2.0).zone == 0


def test_a_careful_fleet_retires_idle_instances_first_and_lets_busy_ones_end_their_jobs() -> None:
    fleet = SimulatedFleet(zones=1, slots=1, careful=True)
    busy, idle = fleet.launch(0.0), fleet.launch(0.0)
    busy.running[1] = 5.0
    assert fleet.retire(10.0) == []
    assert idle.ended_at == 10.0
    assert fleet.retire(20.0) == []
    assert (busy.leaving, busy.ended_at) == (True, None)
    busy.running.clear()
    fleet.give_slot_back(busy, 25.0)
    assert busy.ended_at == 25.0
    assert fleet.worker_seconds(99.0) == 10 + 25


def test_a_fleet_that_is_not_careful_cuts_jobs_off() -> None:
    fleet = SimulatedFleet(zones=1, slots=2, careful=False)
    busy = fleet.launch(0.0)
    busy.running.update({1: 5.0, 2: 6.0})
    fleet.launch(0.0)
    assert fleet.retire(10.0) == [5.0, 6.0]
    assert busy.ended_at == 10.0


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = simulate.main(["--variables", str(EXAMPLE), *(str(argument) for argument in arguments)])
        return code, *capsys.readouterr()

    return run


def test_the_command_prints_one_json_document(run: Run) -> None:
    code, out, err = run("--json", "--uploads", 300, "--seed", 2)
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert [each["contender"] for each in found] == [DEFINED, DEPTH_RULES, FIXED]
    for each in found:
        assert each["published"] == 300
        assert 0 < each["p50"] <= each["p90"] <= each["p99"] <= each["longest"]
    assert run("--json", "--uploads", 300, "--seed", 2)[1] == out
    assert run("--json", "--uploads", 300, "--seed", 3)[1] != out


def test_the_command_prints_a_row_for_each_contender(run: Run) -> None:
    code, out, _ = run("--uploads", 200, "--arrivals", "poisson")
    assert code == 0
    assert all(any(line.startswith(name) for line in out.splitlines()) for name in (DEFINED, DEPTH_RULES, FIXED))
    assert "200 uploads each" in out


def test_the_command_replays_a_trace(run: Run, tmp_path: Path) -> None:
    log = write_log(tmp_path / "emf.log", [request(minute / 2, UploadBytes=1) for minute in range(50)])
    code, out, _ = run("--json", "--trace", log)
    assert code == 0
    assert {each["published"] for each in json.loads(out)} == {50}


@pytest.mark.parametrize(
    ("arguments", "times", "said"),
    [
        ((), [90_000, 110_000, 100_000], "those of 3 jobs in the log (ProcessingTime, median 100.0 s)"),
        ((), [], "mean 30 s, coefficient of variation 0.4, assumed, because the log has no ProcessingTime"),
        (("--service-seconds", 45), [90_000], "mean 45 s, coefficient of variation 0.4, as given"),
    ],
)
def test_the_command_says_where_its_processing_times_come_from(
    run: Run, tmp_path: Path, arguments: tuple[object, ...], times: list[int], said: str
) -> None:
    uploads = [request(60 * hour, UploadBytes=1) for hour in range(3)]
    log = write_log(tmp_path / "emf.log", [*uploads, *(job(1, ProcessingTime=time) for time in times)])
    code, out, _ = run("--trace", log, "--uploads", 2, *arguments)
    assert code == 0
    assert out.startswith(f"uploads: 2 of 3 in the log; processing times: {said}")
    found = json.loads(run("--json", "--trace", log, *arguments)[1])
    assert all(said in each["origin"] for each in found)
    if "those of 3 jobs" in said:
        assert all(90 <= each["p50"] <= each["longest"] <= 110 for each in found), "an hour apart, so nothing waits"


def test_the_command_draws_a_picture(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "fleet.png"
    code, out, _ = run("--uploads", 200, "--png", path)
    assert code == 0
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert f"drawn: {path}" in out


@pytest.mark.parametrize("arguments", [("--minimum", 0), ("--minimum", 5, "--maximum", 2), ("--maximum", 0)])
def test_contradicting_bounds_are_refused(run: Run, arguments: tuple[object, ...]) -> None:
    code, _, err = run("--uploads", 10, *arguments)
    assert code == 2
    assert err


def test_a_trace_without_uploads_exits_with_1_and_a_missing_one_with_2(run: Run, tmp_path: Path) -> None:
    code, _, err = run("--trace", write_log(tmp_path / "emf.log", [request(1)]))
    assert code == 1
    assert "no accepted upload" in err
    assert run("--trace", tmp_path / "nowhere.log")[0] == 2


def test_unreadable_definitions_exit_with_2(run: Run, tmp_path: Path) -> None:
    assert run("--variables", tmp_path / "nowhere.json")[0] == 2


@pytest.mark.parametrize("option", ["--uploads", "--per-minute", "--service-seconds", "--slots"])
def test_a_number_that_is_not_positive_is_wrong_usage(run: Run, option: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run(option, 0)
    assert caught.value.code == 2
