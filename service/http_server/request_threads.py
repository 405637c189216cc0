"""The threads that answer requests."""

from typing import Any

from waitress.task import ThreadedTaskDispatcher


class RequestThreads(ThreadedTaskDispatcher):  # type: ignore[misc]
    """waitress' threads and their queue. They count the requests that wait; waitress writes a log line for each."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._most_waiting = 0
        self.set_thread_count(count)

    def add_task(self, task: Any) -> None:
        super().add_task(task)
        with self.lock:
            self._most_waiting = max(self._most_waiting, self._waiting())

    def take_most_waiting(self) -> int:
        """The most requests that waited for a thread at once since the last call."""
        with self.lock:
            most, self._most_waiting = self._most_waiting, self._waiting()
        return most

    def _waiting(self) -> int:
        # A thread that was woken for a request of the queue, but has not taken it yet, counts as idle.
        idle: int = len(self.threads) - self.stop_count - self.active_count
        return max(0, len(self.queue) - idle)
