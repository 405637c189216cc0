"""Faults of the machine of a process: of the work directory, the file of records, the clock."""

import os
import random
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from telemetry.sink import RETRY_SECONDS_MAX
from tests.soak.fault_injector import Fault
from tests.soak.supervised_processes import SupervisedProcess
from tests.soak.system import SoakSystem
from tests.soak.waiting import wait_for
from tests.soak.watch import own_folder

TWO_DAYS = 2 * 86_400
WAIT_SECONDS = 10.0
LASTING_SECONDS = (2.0, 4.0)
WRITTEN_SECONDS = RETRY_SECONDS_MAX + 1.0  # after which all records that waited for their file are written


class FaultsOfMachine:
    """They can hit every process. Only a wrong clock hits no steady process, because it needs a restart."""

    def __init__(self, system: SoakSystem) -> None:
        self._system = system
        self._rotations = 0

    def all(self) -> Iterable[Fault]:
        return (
            Fault("work folder removed", self.remove_work_folder, evidence="JobErrors"),
            Fault("work directory is a file", self.replace_work_directory, evidence="JobErrors"),
            Fault("records rotated", self.rotate_records),
            Fault("record file is a folder", self.replace_record_file),
            Fault("record file is full", self.fill_record_file),
            Fault("clock of a worker wrong", self.set_clock_of_worker),
            Fault("clock of an API ahead", self.set_clock_of_api),
        )

    def remove_work_folder(self, choose: random.Random) -> int:
        """Remove the folder of a worker with all its jobs. Hits are the jobs."""
        worker = choose.choice(self._system.workers)
        worker.restart_if_ended()
        folder = own_folder(worker.pid)
        if not folder or not wait_for(lambda: bool(list(folder.glob("job-*/original.mp4"))), WAIT_SECONDS):
            return 0
        jobs = len(list(folder.glob("job-*")))
        shutil.rmtree(folder, ignore_errors=True)
        return jobs

    def replace_work_directory(self, choose: random.Random) -> int:
        """Replace the work directory by a file, as if its disk had vanished. Hits are the jobs in work."""
        work, away = self._system.work, self._system.directory / "work-away"
        wait_for(lambda: self._jobs() > 0, WAIT_SECONDS)
        jobs = self._jobs()
        work.rename(away)
        work.touch()
        time.sleep(choose.uniform(*LASTING_SECONDS))
        work.unlink()
        away.rename(work)
        return jobs

    def rotate_records(self, _choose: random.Random) -> int:
        self._system.record_log.rename(self._rotated())
        return int(wait_for(self._system.record_log.exists, WAIT_SECONDS))

    def replace_record_file(self, choose: random.Random) -> int:
        """Replace the file of records by a folder for a while. Hits are the processes that could not write."""
        log = self._system.record_log
        with self._records_waiting() as waiting:
            while not log.is_dir():
                log.rename(self._rotated())
                try:
                    log.mkdir()
                except FileExistsError:  # a process has just opened it
                    continue
            time.sleep(choose.uniform(*LASTING_SECONDS))
            log.rmdir()
        return len(waiting)

    def fill_record_file(self, choose: random.Random) -> int:
        """Replace the file of records by a link to a full device. Hits are the processes that could not write."""
        log, link = self._system.record_log, self._system.directory / "full"
        with self._records_waiting() as waiting:
            os.link(log, self._rotated())
            link.symlink_to("/dev/full")
            link.replace(log)
            time.sleep(choose.uniform(*LASTING_SECONDS))
            log.unlink()
        return len(waiting)

    @contextmanager
    def _records_waiting(self) -> Iterator[list[SupervisedProcess]]:
        """Yields a list. After the block it has the processes whose records waited, and all records are written."""
        waiting: list[SupervisedProcess] = []
        before = {process.name: _complaints(process) for process in self._system.processes}
        yield waiting
        time.sleep(WRITTEN_SECONDS)
        waiting += [each for each in self._system.processes if _complaints(each) > before[each.name]]

    def set_clock_of_worker(self, choose: random.Random) -> int:
        """A worker gets another clock for some jobs. Hits are the jobs that it had at one moment."""
        worker = choose.choice([process for process in self._system.struck if process.kind == "worker"])
        with _other_clock(worker, choose.choice((-TWO_DAYS, TWO_DAYS))):
            wait_for(lambda: bool(self._system.jobs_of(worker)), WAIT_SECONDS)
            time.sleep(choose.uniform(*LASTING_SECONDS))
            return len(self._system.jobs_of(worker))

    def set_clock_of_api(self, choose: random.Random) -> int:
        """Set the clock of an API ahead. If it were behind, the API would rightly refuse the tokens of the players."""
        (api,) = (process for process in self._system.struck if process.kind == "api")
        with _other_clock(api, TWO_DAYS):
            time.sleep(choose.uniform(*LASTING_SECONDS))
        return 1

    def _jobs(self) -> int:
        return sum(len(self._system.jobs_of(worker)) for worker in self._system.workers)

    def _rotated(self) -> Path:
        self._rotations += 1
        return self._system.record_log.with_name(f"{self._system.record_log.name}.{self._rotations}")


def _complaints(process: SupervisedProcess) -> int:
    return process.process.log.read_text(errors="replace").count("telemetry destination is away")


@contextmanager
def _other_clock(process: SupervisedProcess, ahead_seconds: float) -> Iterator[None]:
    process.restart_if_ended()
    process.stop()
    process.start(clock_ahead_seconds=ahead_seconds)
    yield
    process.restart_if_ended()
    process.stop()
    process.start()
