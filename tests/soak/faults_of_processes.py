"""Faults of the product's processes: killed, asleep, restarted."""

import random
import threading
import time
from collections.abc import Callable, Iterable

from tests.soak.fault_injector import Fault
from tests.soak.supervised_processes import Seat
from tests.soak.system import SoakSystem

WORK_SECONDS = 6.0  # how long a strike waits for a worker with a job
TAKE_OVER_SECONDS = 20.0  # past lease and visibility, and past the idle limit of a transaction
LATER_SECONDS = (0.0, 4.0)
HELD_BACK = {"min": 2000, "max": 2000}  # ms; longer than it takes to notice
LOOK_SECONDS = 0.1


class FaultsOfProcesses:
    """Strikes wait, for a while, until the worker has work: an idle one has nothing to lose."""

    def __init__(self, system: SoakSystem) -> None:
        self._system = system
        self._pause = threading.Event()

    def all(self) -> Iterable[Fault]:
        return (
            Fault("worker killed", self.kill_worker, weight=3, evidence="Retries"),
            # A sleeper finds its lease lost, or its connection: PostgreSQL bears no idle transaction. Both are errors.
            Fault("worker asleep past its lease", self.put_worker_to_sleep, weight=2, evidence="JobErrors"),
            Fault("write of a sleeper arrives late", self.delay_write_of_a_sleeper, weight=2, evidence="JobErrors"),
            Fault("workers restarted in turn", self.restart_workers),
            Fault("API killed", self.kill_api),
            Fault("API restarted", self.restart_api),
        )

    def kill_worker(self, choose: random.Random) -> int:
        seat = choose.choice(self._system.workers)
        self._wait_for_work(seat)
        self._pause.wait(choose.uniform(0, 0.5))
        held = self._system.held_by(seat)
        seat.kill()
        seat.start()
        return len(held)

    def put_worker_to_sleep(self, choose: random.Random) -> int:
        """Until somebody else has taken over one of its jobs, or a while longer. Hits count what was taken over."""
        seat = choose.choice(self._system.workers)
        self._wait_for_work(seat)
        seat.pause()
        try:
            held = self._system.held_by(seat)
            self._wait(lambda: self._system.count_lost(seat, held) > 0, TAKE_OVER_SECONDS if held else 0)
            self._pause.wait(choose.uniform(*LATER_SECONDS))
            return self._system.count_lost(seat, held)
        finally:
            seat.resume()

    def delay_write_of_a_sleeper(self, _choose: random.Random) -> int:
        """The classic: the write that publishes a result reaches the database when somebody else has the video.

        The proxy of the first worker holds it back while the worker sleeps. Hits count the videos that were
        taken over by then.
        """
        seat, proxy = self._system.workers[0], self._system.postgres_proxy
        self._wait_for_work(seat)
        before = proxy.fired_in_all()
        proxy.rules({"service": "postgres", "sql": "processed_key='", "latency": HELD_BACK, "times": 1})
        try:
            if not self._wait(lambda: proxy.fired_in_all() > before, WORK_SECONDS):
                return 0
            seat.pause()
            proxy.pause()
            held = self._system.held_by(seat)
            self._wait(lambda: self._system.count_taken_over(held) > 0, TAKE_OVER_SECONDS if held else 0)
            return self._system.count_taken_over(held)
        finally:
            proxy.resume()
            proxy.rules()
            self._pause.wait(LOOK_SECONDS)
            seat.resume()

    def restart_workers(self, _choose: random.Random) -> int:
        for seat in self._system.workers:
            self._restart(seat)
        return len(self._system.workers)

    def kill_api(self, choose: random.Random) -> int:
        self._pause.wait(choose.uniform(0, 0.5))
        self._system.api.kill()
        self._system.api.start()
        return 1

    def restart_api(self, _choose: random.Random) -> int:
        self._restart(self._system.api)
        return 1

    def _restart(self, seat: Seat) -> None:
        seat.replace_deserter()
        seat.stop()
        seat.start()

    def _wait_for_work(self, seat: Seat) -> None:
        seat.replace_deserter()
        self._wait(lambda: bool(self._system.held_by(seat)), WORK_SECONDS)

    def _wait(self, is_so: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                return False
            self._pause.wait(LOOK_SECONDS)
        return True
