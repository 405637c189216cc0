"""A real worker process on a simulated EC2 instance that must leave its group (T29 of docs/RELIABILITY.md)."""

from collections.abc import Iterator

import pytest

from local.system.ec2_stub import COMPLETE, HEARTBEAT, INSTANCE_ID, PROTECT, STATE, AwsProxy, Imds
from local.system.processes import ManagedProcess
from tests.faults import invariants
from tests.faults.system_under_faults import SystemUnderFaults
from tests.worker.ec2.watching import GROUP, HOOK, SPOT

SPOT_NOTICE = '{"action": "terminate", "time": "2026-01-01T00:02:00Z"}'


@pytest.fixture
def imds() -> Iterator[Imds]:
    with Imds() as imds:
        yield imds.start()


@pytest.fixture
def aws_proxy(system: SystemUnderFaults) -> Iterator[AwsProxy]:
    with AwsProxy(system.emulator.url) as aws_proxy:
        yield aws_proxy.start()


def start_member(system: SystemUnderFaults, imds: Imds, aws_proxy: AwsProxy, **overrides: str) -> ManagedProcess:
    """A worker on an instance of an Auto Scaling group with a termination hook."""
    return system.start_worker(
        "leaving",
        **system.through(aws_proxy.url),
        ANB_METADATA_URL=imds.url,
        ANB_METADATA_SECONDS="0.1",
        ANB_AUTO_SCALING_GROUP=GROUP,
        ANB_LIFECYCLE_HOOK=HOOK,
        ANB_PUBLISH_BACKLOG="false",
        ANB_LEASE_SECONDS="30",  # long, so that no lease ends even on a busy machine
        **overrides,
    )


def check_completed_once(aws_proxy: AwsProxy) -> None:
    """The lifecycle action was completed once, by the last call of all, with the right arguments."""
    assert aws_proxy.actions().count(COMPLETE) == 1
    last = aws_proxy.calls[-1]
    about = {"AutoScalingGroupName": GROUP, "LifecycleHookName": HOOK, "InstanceId": INSTANCE_ID}
    assert last == {"Action": COMPLETE, "LifecycleActionResult": "CONTINUE", "Version": "2011-01-01", **about}


def finish_elsewhere(system: SystemUnderFaults) -> None:
    """Another worker does the remaining jobs; then the invariants must hold."""
    system.start_worker("staying")
    system.wait_until(system.all_settled, "settled")
    system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), "queue drained")
    for process in system.processes:
        process.stop()
    invariants.check(system)


def test_t29_an_instance_that_is_scaled_in_ends_its_job_leaves_the_rest_to_others_and_then_completes_its_hook(
    system: SystemUnderFaults, imds: Imds, aws_proxy: AwsProxy
) -> None:
    running = system.accepted_video()
    leaving = start_member(system, imds, aws_proxy, FAKE_ENCODER="8", ANB_SCALE_IN_PROTECTION="true")
    system.wait_until(lambda: system.state(running).status == "processing", "in work")
    waiting = system.accepted_video()
    imds.items[STATE] = "Terminated"
    aws_proxy.wait_until(lambda: COMPLETE in aws_proxy.actions())
    assert system.state(running).status == "processed", "the job ended before the instance may be shut down"
    assert leaving.wait(30) == 0
    assert leaving.logged("this instance must leave: Auto Scaling: Terminated")
    assert aws_proxy.actions()[:2] == [PROTECT, HEARTBEAT], (
        "protected before the first receive, and the hook is kept open at once"
    )
    check_completed_once(aws_proxy)
    (untouched,) = system.queue.receive(10)
    assert (untouched.receive_count, system.state(waiting).fence) == (1, 0), "no worker received it"
    system.queue.release(untouched, 0)
    finish_elsewhere(system)
    assert [system.state(video).attempts for video in (running, waiting)] == [1, 1]


def test_t29_a_spot_instance_hands_a_job_back_that_would_take_too_long_and_the_attempt_does_not_count(
    system: SystemUnderFaults, imds: Imds, aws_proxy: AwsProxy
) -> None:
    entry = system.accepted_video()
    leaving = start_member(system, imds, aws_proxy, FAKE_ENCODER="120", ANB_DRAIN_SECONDS="1")
    system.wait_until(lambda: system.state(entry).status == "processing", "in work")
    imds.items[SPOT] = SPOT_NOTICE
    aws_proxy.wait_until(lambda: COMPLETE in aws_proxy.actions())
    state = system.state(entry)
    assert (state.status, state.attempts, state.fence) == ("uploaded", 0, 1)
    assert leaving.wait(30) == 0
    assert leaving.logged("this instance must leave: Spot")
    assert aws_proxy.actions()[0] == HEARTBEAT
    check_completed_once(aws_proxy)
    finish_elsewhere(system)
    assert (system.state(entry).attempts, system.state(entry).fence) == (1, 2)


def test_t29_a_restart_of_the_worker_does_not_end_its_instance(
    system: SystemUnderFaults, imds: Imds, aws_proxy: AwsProxy
) -> None:
    entry = system.accepted_video()
    worker = start_member(system, imds, aws_proxy)
    system.wait_until(lambda: system.is_settled(entry), "settled")
    imds.wait_until(lambda: SPOT in imds.asked)
    assert worker.stop() == 0
    assert aws_proxy.actions() == []
    invariants.check(system)


def test_t29_off_aws_a_worker_works_and_logs_nothing_about_metadata_or_groups(
    system: SystemUnderFaults, aws_proxy: AwsProxy
) -> None:
    entry = system.accepted_video()
    worker = system.start_worker(**system.through(aws_proxy.url))
    system.wait_until(lambda: system.is_settled(entry), "settled")
    assert worker.stop() == 0
    assert aws_proxy.actions() == []
    for word in ("metadata", "Auto Scaling", "Spot"):
        assert not worker.logged(word), word
    invariants.check(system)
