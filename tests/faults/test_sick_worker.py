"""A worker whose machine or whose threads are ill does no harm, and lets others work."""

import resource

import psutil

from local.system.processes import ManagedProcess
from tests.faults.system_under_faults import END_SECONDS, Stage
from tests.faults.test_scenarios import finish


def set_file_bytes_max(worker: ManagedProcess, most: int) -> None:
    _, hard = psutil.Process(worker.pid).rlimit(resource.RLIMIT_FSIZE)
    psutil.Process(worker.pid).rlimit(resource.RLIMIT_FSIZE, (most, hard))


def test_t22_a_worker_that_cannot_write_hands_back_uncounted_pauses_and_recovers(stage: Stage) -> None:
    worker = stage.start_worker()
    set_file_bytes_max(worker, 0)
    entry = stage.accepted_video()
    stage.wait_until(lambda: stage.state(entry).fence > 0, "claimed")
    stage.wait_until(lambda: stage.state(entry).status == "uploaded", "handed back")
    assert stage.state(entry).attempts == 0, "a full disk is not the video's fault"
    set_file_bytes_max(worker, resource.RLIM_INFINITY)
    stage.wait_until(lambda: worker.logged("infrastructure answers again"), "the breaker has closed")
    finish(stage, entry)
    assert (stage.state(entry).attempts, stage.state(entry).fence) == (1, 2)


def test_a_worker_whose_poller_died_ends_with_an_error_and_another_does_the_work(stage: Stage) -> None:
    worker = stage.start_worker("ill", **stage.fault("after receive", "RAISE"))
    entry = stage.accepted_video()
    assert worker.wait(END_SECONDS) == 1, "it ends by itself, and not well"
    assert worker.logged("thread poller died")
    stage.start_worker("healthy")
    finish(stage, entry)


def test_a_job_that_meets_an_error_that_nobody_foresaw_is_done_again_after_its_lease(stage: Stage) -> None:
    worker = stage.start_worker(**stage.fault("before transcode", "RAISE"))
    entry = stage.accepted_video()
    finish(stage, entry)
    assert worker.logged("unexpected error")
    assert stage.state(entry).attempts == 2
