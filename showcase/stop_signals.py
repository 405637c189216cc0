"""Waiting for SIGTERM or SIGINT."""

import os
import select
import signal
from collections.abc import Callable


def catch_stop_signals() -> Callable[[float], bool]:
    """From now on SIGTERM and SIGINT only end waits; the wait returned takes seconds, and is True once one came.

    The signal only writes a byte to a pipe: a handler that took locks could deadlock with what it interrupts.
    Further signals change nothing.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: None)
    return lambda seconds: bool(select.select([reader], [], [], seconds)[0])
