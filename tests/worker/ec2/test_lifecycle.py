"""The calls to Auto Scaling. A stub server below the boto3 client records them, because moto has no lifecycle hooks."""

import logging
import threading
import uuid
from collections.abc import Iterator

import pytest

from local.system.aws_emulator import REGION, AwsEmulator
from local.system.ec2_stub import (
    COMPLETE,
    END_SECONDS,
    HEARTBEAT,
    INSTANCE_ID,
    NOT_FOUND,
    PROTECT,
    STATE,
    Answer,
    Asked,
    AutoScaling,
    Imds,
    Stub,
)
from showcase.aws import Aws
from showcase.errors import SettingsError, Unavailable
from showcase.settings import read_settings
from tests.worker.ec2.groups import auto_scaling as auto_scaling_of
from tests.worker.ec2.groups import create_group
from tests.worker.ec2.watching import GROUP, HOOK, OFTEN_SECONDS, Leaving, watching
from worker.ec2.instance import InstanceMetadata
from worker.ec2.lifecycle import GroupMember, Lifecycle, Protection
from worker.settings import WorkerSettings

AWAY = "http://127.0.0.1:1"


class Waiting:
    """Replaces the look into the queue, and counts the looks."""

    def __init__(self) -> None:
        self.work = False
        self.looks = 0

    def __call__(self) -> bool:
        self.looks += 1
        return self.work


@pytest.fixture
def imds() -> Iterator[Imds]:
    with Imds() as imds:
        yield imds.start()


@pytest.fixture
def auto_scaling() -> Iterator[AutoScaling]:
    with AutoScaling() as auto_scaling:
        yield auto_scaling.start()


@pytest.fixture
def member(imds: Imds, auto_scaling: AutoScaling, aws_credentials: None) -> GroupMember:
    return GroupMember(Aws(REGION, auto_scaling.url), InstanceMetadata(imds.url), GROUP)


@pytest.fixture
def lifecycle(member: GroupMember) -> Lifecycle:
    return Lifecycle(member, HOOK, interval_seconds=OFTEN_SECONDS)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def protection(member: GroupMember, waiting: Waiting) -> Protection:
    return Protection(member, waiting)


def poll(protection: Protection, times: int, *, brings_work: bool = False) -> list[bool]:
    """Do what the poll loop does. Returns for each poll whether it could receive."""
    allowed = []
    for _ in range(times):
        allowed.append(protection.protect())
        if allowed[-1]:
            (protection.busy if brings_work else protection.idle)()
    return allowed


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_termination_is_delayed_during_the_drain_and_completed_once_at_its_end(
    imds: Imds, auto_scaling: AutoScaling, lifecycle: Lifecycle
) -> None:
    leaving = Leaving()
    with watching(imds.url, leaving):
        imds.items[STATE] = "Terminated"
        assert leaving.happened.wait(END_SECONDS)
    with lifecycle.keep_alive():
        auto_scaling.wait_until(lambda: auto_scaling.actions().count(HEARTBEAT) >= 3)
    lifecycle.complete()
    lifecycle.complete()
    assert leaving.reasons == ["Auto Scaling: Terminated"]
    *heartbeats, last = auto_scaling.calls
    about = {"AutoScalingGroupName": GROUP, "LifecycleHookName": HOOK, "InstanceId": INSTANCE_ID}
    version = {"Version": "2011-01-01"}
    assert all(call == {"Action": HEARTBEAT, **version, **about} for call in heartbeats)
    assert last == {"Action": COMPLETE, "LifecycleActionResult": "CONTINUE", **version, **about}
    assert imds.asked.count("instance-id") == 1


def test_even_the_shortest_drain_sends_one_heartbeat_before_it_completes(
    auto_scaling: AutoScaling, member: GroupMember
) -> None:
    lifecycle = Lifecycle(member, HOOK, interval_seconds=3600)
    with lifecycle.keep_alive():
        pass
    lifecycle.complete()
    assert auto_scaling.actions() == [HEARTBEAT, COMPLETE]


def test_heartbeats_end_with_a_drain_that_fails(auto_scaling: AutoScaling, lifecycle: Lifecycle) -> None:
    with pytest.raises(ZeroDivisionError), lifecycle.keep_alive():
        _ = 1 / 0
    assert HEARTBEAT in auto_scaling.actions()
    assert not [thread for thread in threading.enumerate() if thread.name == "lifecycle"]


def test_refused_calls_are_logged_once_with_their_reason_and_stop_nothing(
    auto_scaling: AutoScaling, member: GroupMember, lifecycle: Lifecycle, caplog: pytest.LogCaptureFixture
) -> None:
    auto_scaling.refusing = {HEARTBEAT, COMPLETE}
    assert [lifecycle.heartbeat() for _ in range(3)] == [False] * 3
    lifecycle.complete()
    assert auto_scaling.actions() == [*[HEARTBEAT] * 3, COMPLETE]
    assert not member.complete(HOOK)
    logged = warnings(caplog)
    assert len(logged) == 2 and all(NOT_FOUND in line for line in logged)
    auto_scaling.refusing = set()
    assert lifecycle.heartbeat()
    auto_scaling.refusing = {HEARTBEAT}
    assert not lifecycle.heartbeat()
    assert len(warnings(caplog)) == 3, "a new row of failures"


def test_a_completion_that_failed_is_not_repeated(auto_scaling: AutoScaling, lifecycle: Lifecycle) -> None:
    auto_scaling.refusing = {COMPLETE}
    lifecycle.complete()
    lifecycle.complete()
    assert auto_scaling.actions() == [COMPLETE]


def test_a_call_fails_while_auto_scaling_is_away(imds: Imds, aws_credentials: None) -> None:
    member = GroupMember(Aws(REGION, AWAY), InstanceMetadata(imds.url), GROUP)
    Lifecycle(member, HOOK).complete()
    assert not member.complete(HOOK)


def test_a_call_fails_if_something_else_than_auto_scaling_answers(imds: Imds, aws_credentials: None) -> None:
    class Proxy(Stub):
        def answer(self, asked: Asked) -> Answer:
            return Answer(403, b"<html>not for you<br></html>")

    with Proxy() as proxy:
        member = GroupMember(Aws(REGION, proxy.start().url), InstanceMetadata(imds.url), GROUP)
        Lifecycle(member, HOOK).complete()
        assert not member.complete(HOOK)


def test_metadata_that_is_away_is_read_again_at_the_next_call(
    imds: Imds, auto_scaling: AutoScaling, lifecycle: Lifecycle
) -> None:
    imds.items["instance-id"] = 503
    assert not lifecycle.heartbeat()
    assert not auto_scaling.calls
    imds.items["instance-id"] = INSTANCE_ID
    assert lifecycle.heartbeat()


def test_protection_comes_before_the_first_receive_and_stays_while_there_is_work(
    auto_scaling: AutoScaling, protection: Protection
) -> None:
    assert protection.protect()
    assert auto_scaling.calls == [
        {
            "Action": PROTECT,
            "Version": "2011-01-01",
            "AutoScalingGroupName": GROUP,
            "InstanceIds.member.1": INSTANCE_ID,
            "ProtectedFromScaleIn": "true",
        }
    ]
    assert all(poll(protection, 20, brings_work=True))
    assert auto_scaling.protections() == [True]


def test_protection_ends_only_after_three_idle_polls_in_a_row(
    auto_scaling: AutoScaling, protection: Protection
) -> None:
    poll(protection, 2)
    poll(protection, 1, brings_work=True)
    poll(protection, 2)
    assert auto_scaling.protections() == [True]
    poll(protection, 1)
    assert auto_scaling.protections() == [True, False]


def test_an_idle_worker_does_not_receive_and_does_not_toggle_until_work_waits(
    auto_scaling: AutoScaling, protection: Protection, waiting: Waiting
) -> None:
    poll(protection, 3)
    assert not any(poll(protection, 50))
    assert auto_scaling.protections() == [True, False] and waiting.looks == 50
    waiting.work = True
    assert all(poll(protection, 2, brings_work=True))
    assert auto_scaling.protections() == [True, False, True] and waiting.looks == 51


def test_earlier_idle_polls_do_not_count_after_new_work(
    auto_scaling: AutoScaling, protection: Protection, waiting: Waiting
) -> None:
    poll(protection, 3)
    waiting.work = True
    assert all(poll(protection, 2))
    assert auto_scaling.protections() == [True, False, True]


def test_without_protection_the_worker_may_not_receive(
    auto_scaling: AutoScaling, protection: Protection, caplog: pytest.LogCaptureFixture
) -> None:
    auto_scaling.refusing = {PROTECT}
    assert not any(poll(protection, 3))
    assert auto_scaling.protections() == [True] * 3 and len(warnings(caplog)) == 1
    auto_scaling.refusing = set()
    assert protection.protect()


def test_protection_without_a_confirmed_end_is_set_again_before_the_next_receive(
    auto_scaling: AutoScaling, protection: Protection
) -> None:
    poll(protection, 2)
    auto_scaling.refusing = {PROTECT}
    poll(protection, 1)
    auto_scaling.refusing = set()
    assert poll(protection, 3) == [True] * 3
    assert auto_scaling.protections() == [True, False, True, False]
    assert poll(protection, 1) == [False], "the end is confirmed now, so the worker does not receive"


def test_an_outage_of_the_queue_is_raised_to_the_caller(member: GroupMember) -> None:
    def queue_is_away() -> bool:
        raise Unavailable("queue", "look")

    protection = Protection(member, queue_is_away)
    poll(protection, 3)
    with pytest.raises(Unavailable):
        protection.protect()


def test_protection_is_set_and_ended_in_moto(imds: Imds, aws: Aws, emulator: AwsEmulator) -> None:
    client, name = auto_scaling_of(emulator), f"test-{uuid.uuid4().hex[:12]}"
    create_group(emulator, name, instances=1)

    def instance() -> dict[str, object]:
        groups = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return dict(groups[0]["Instances"][0])

    imds.items["instance-id"] = str(instance()["InstanceId"])
    protection = Protection(GroupMember(aws, InstanceMetadata(imds.url), name), lambda: False)
    assert protection.protect()
    assert instance()["ProtectedFromScaleIn"] is True
    poll(protection, 3)
    assert instance()["ProtectedFromScaleIn"] is False


@pytest.mark.parametrize(("variable", "value"), [("ANB_LIFECYCLE_HOOK", HOOK), ("ANB_SCALE_IN_PROTECTION", "true")])
def test_group_settings_without_group_and_metadata_stop_the_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    for name in ("sqs_queue_url", "sqs_dead_letter_queue_url"):
        monkeypatch.setenv(name, AWAY)
    monkeypatch.setenv("ANB_BUCKET", "clips")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable} needs ANB_AUTO_SCALING_GROUP and ANB_METADATA_URL"):
        read_settings(WorkerSettings, env_file=None)
    monkeypatch.setenv("ANB_AUTO_SCALING_GROUP", GROUP)
    monkeypatch.setenv("ANB_METADATA_URL", "http://169.254.169.254")
    assert read_settings(WorkerSettings, env_file=None).auto_scaling_group == GROUP
