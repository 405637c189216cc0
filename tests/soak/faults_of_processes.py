"""Faults of the product's processes: killed, paused, restarted."""

import random
import time
from collections.abc import Iterable

from tests.soak.fault_injector import Fault
from tests.soak.supervised_processes import SupervisedProcess
from tests.soak.system import SoakSystem
from tests.soak.waiting import wait_for

WORK_SECONDS_MAX = 6.0  # how long a fault waits until the worker has a job
TAKE_OVER_SECONDS_MAX = 20.0  # longer than the lease, the visibility timeout and the idle limit of a transaction
PAUSED_LONGER_SECONDS = (0.0, 4.0)
DELAY_MS = {"min": 2000, "max": 2000}  # longer than it takes to pause the worker
BEFORE_RESUME_SECONDS = 0.1


class FaultsOfProcesses:
    """Each fault waits a short time until the worker has a job, because an idle worker has nothing to lose.

    They affect only the processes in ``SoakSystem.struck``.
    """

    def __init__(self, system: SoakSystem) -> None:
        self._system = system
        self._workers = [process for process in system.struck if process.kind == "worker"]
        (self._api,) = (process for process in system.struck if process.kind == "api")

    def all(self) -> Iterable[Fault]:
        return (
            Fault("worker killed", self.kill_worker, weight=3, evidence="Retries"),
            # It loses its lease, or its connection when PostgreSQL ends an idle transaction. Both count as errors.
            Fault("worker paused past its lease", self.pause_worker, weight=2, evidence="JobErrors"),
            Fault("late write of a paused worker", self.delay_write_of_paused_worker, weight=2, evidence="JobErrors"),
            Fault("workers restarted in turn", self.restart_workers),
            Fault("API killed", self.kill_api),
            Fault("API restarted", self.restart_api),
        )

    def kill_worker(self, choose: random.Random) -> int:
        worker = choose.choice(self._workers)
        self._wait_for_work(worker)
        time.sleep(choose.uniform(0, 0.5))
        jobs = self._system.jobs_of(worker)
        worker.kill()
        worker.start()
        return len(jobs)

    def pause_worker(self, choose: random.Random) -> int:
        """Pause a worker until another one has taken over a job, and a little longer. Hits are the lost jobs."""
        worker = choose.choice(self._workers)
        self._wait_for_work(worker)
        worker.pause()
        try:
            jobs = self._system.jobs_of(worker)
            wait_for(lambda: self._system.count_lost_jobs(worker, jobs) > 0, TAKE_OVER_SECONDS_MAX if jobs else 0)
            time.sleep(choose.uniform(*PAUSED_LONGER_SECONDS))
            return self._system.count_lost_jobs(worker, jobs)
        finally:
            worker.resume()

    def delay_write_of_paused_worker(self, _choose: random.Random) -> int:
        """The write that publishes a result reaches the database after another worker has claimed the video.

        The proxy of the first worker holds the write back while the worker is paused. Hits are the videos that were
        taken over meanwhile.
        """
        worker, proxy = self._workers[0], self._system.postgres_proxy
        self._wait_for_work(worker)
        before = proxy.fired()
        proxy.set_rules({"service": "postgres", "sql": "processed_key='", "latency": DELAY_MS, "times": 1})
        try:
            if not wait_for(lambda: proxy.fired() > before, WORK_SECONDS_MAX):
                return 0
            worker.pause()
            proxy.pause()
            jobs = self._system.jobs_of(worker)
            wait_for(lambda: self._system.count_taken_over(jobs) > 0, TAKE_OVER_SECONDS_MAX if jobs else 0)
            return self._system.count_taken_over(jobs)
        finally:
            proxy.resume()
            proxy.set_rules()
            time.sleep(BEFORE_RESUME_SECONDS)
            worker.resume()

    def restart_workers(self, _choose: random.Random) -> int:
        for worker in self._workers:
            self._restart(worker)
        return len(self._workers)

    def kill_api(self, choose: random.Random) -> int:
        time.sleep(choose.uniform(0, 0.5))
        self._api.kill()
        self._api.start()
        return 1

    def restart_api(self, _choose: random.Random) -> int:
        self._restart(self._api)
        return 1

    def _restart(self, process: SupervisedProcess) -> None:
        process.restart_if_ended()
        process.stop()
        process.start()

    def _wait_for_work(self, worker: SupervisedProcess) -> None:
        worker.restart_if_ended()
        wait_for(lambda: bool(self._system.jobs_of(worker)), WORK_SECONDS_MAX)
