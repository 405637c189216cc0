"""The thread that keeps sweeping an outbox, in the API and in the worker."""

import logging
import random
import threading
from collections.abc import Callable

from showcase.errors import Unavailable
from showcase.outbox import Outbox

log = logging.getLogger(__name__)


class Sweeping:
    """Sweeps every ``interval_seconds``, a little scattered so that many processes do not march in step.

    ``on_swept`` is told how many messages each sweep sent.
    """

    def __init__(self, outbox: Outbox, interval_seconds: float, on_swept: Callable[[int], None]) -> None:
        self._outbox = outbox
        self._interval_seconds = interval_seconds
        self._on_swept = on_swept
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the sweep that is running."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_seconds * random.uniform(0.8, 1.2)):  # noqa: S311
            try:
                sent = self._outbox.sweep()
            except Unavailable as error:
                log.warning("outbox not swept: %s", error)
                continue
            if sent:
                log.info("outbox: %d messages sent again", sent)
            self._on_swept(sent)
