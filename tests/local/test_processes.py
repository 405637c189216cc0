"""What the local system's processes share: the ports of loopback."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from local.system.processes import free_port

PROCESSES = 4
PORTS_EACH = 250


def test_processes_that_ask_at_the_same_time_are_never_given_the_same_port() -> None:
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("forkserver")) as pool:
        ports = [port for some in pool.map(_ports, range(PROCESSES)) for port in some]
    assert len(set(ports)) == PROCESSES * PORTS_EACH


def _ports(_process: int) -> list[int]:
    return [free_port() for _ in range(PORTS_EACH)]
