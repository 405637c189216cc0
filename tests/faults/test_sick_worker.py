"""A worker with a full disk, a dead thread or an unexpected error loses no video and blocks no other worker."""

import resource

import psutil

from local.system.processes import ManagedProcess
from tests.faults.system_under_faults import END_SECONDS, SystemUnderFaults
from tests.faults.test_scenarios import finish


def set_file_bytes_max(worker: ManagedProcess, bytes_max: int) -> None:
    _, hard = psutil.Process(worker.pid).rlimit(resource.RLIMIT_FSIZE)
    psutil.Process(worker.pid).rlimit(resource.RLIMIT_FSIZE, (bytes_max, hard))


def test_t22_a_worker_that_cannot_write_hands_back_uncounted_pauses_and_recovers(system: SystemUnderFaults) -> None:
    worker = system.start_worker()
    set_file_bytes_max(worker, 0)
    entry = system.accepted_video()
    system.wait_until(lambda: system.state(entry).fence > 0, "claimed")
    system.wait_until(lambda: system.state(entry).status == "uploaded", "handed back")
    assert system.state(entry).attempts == 0, "a full disk does not count as an attempt"
    set_file_bytes_max(worker, resource.RLIM_INFINITY)
    system.wait_until(lambda: worker.logged("infrastructure answers again"), "the breaker has closed")
    finish(system, entry)
    assert (system.state(entry).attempts, system.state(entry).fence) == (1, 2)


def test_a_worker_whose_poller_died_ends_with_an_error_and_another_does_the_work(system: SystemUnderFaults) -> None:
    worker = system.start_worker("sick", **system.fault("after receive", "RAISE"))
    entry = system.accepted_video()
    assert worker.wait(END_SECONDS) == 1, "it ends by itself, with an error"
    assert worker.logged("thread poller died")
    system.start_worker("healthy")
    finish(system, entry)


def test_a_job_with_an_unexpected_error_is_done_again_after_its_lease(system: SystemUnderFaults) -> None:
    worker = system.start_worker(**system.fault("before transcode", "RAISE"))
    entry = system.accepted_video()
    finish(system, entry)
    assert worker.logged("unexpected error")
    assert system.state(entry).attempts == 2
