"""The incidents of the rehearsals, each on a system of its own."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.system.postgres_server import PostgresServer
from local.system.processes import free_port
from tests.faults.proxy import FaultProxy, Rule
from tests.faults.rehearsal import INTERVALS, MINUTE_SECONDS, Rehearsal
from tests.faults.stallable_log import stallable_log
from tests.faults.system_under_faults import SystemUnderFaults

SLOW_QUERY_MS = 4_000  # of the real seconds in which the API promises an answer
SLOW_STORAGE_MS = 5_000  # a compressed minute: the worker publishes one clip in two, and three are uploaded in each
STALL_MINUTES = 4
FLOOD_UPLOADS = 150

Incident = Callable[[Rehearsal, PostgresServer], None]


def queue_unreachable(rehearsal: Rehearsal, _postgres: PostgresServer) -> None:
    _behind_a_proxy_of_aws(rehearsal, {"service": "sqs", "reset": True})


def storage_slow(rehearsal: Rehearsal, _postgres: PostgresServer) -> None:
    """The storage answers API and worker late. So uploads take seconds, and clips are published too late."""
    _behind_a_proxy_of_aws(rehearsal, {"service": "s3", "latency": SLOW_STORAGE_MS}, ANB_API_THREADS="32")


def _behind_a_proxy_of_aws(rehearsal: Rehearsal, rule: Rule, **overrides: str) -> None:
    system = rehearsal.system
    with FaultProxy(system.directory / "proxy.log", system.emulator.url) as proxy:
        settings = {**INTERVALS, **system.through(proxy.url), **overrides}
        system.start_worker(**settings)
        system.start_api(**settings)
        rehearsal.run(lambda: proxy.set_rules(rule), proxy.set_rules)
        assert proxy.fired() > 0
        _stop_all(rehearsal.system)


def all_videos_damaged(rehearsal: Rehearsal, _postgres: PostgresServer) -> None:
    system, refuse = rehearsal.system, rehearsal.system.directory / "refuse"
    system.start_worker(**INTERVALS, REFUSE_IF=str(refuse))
    system.start_api(**INTERVALS)
    rehearsal.run(refuse.touch)


def worker_killed(rehearsal: Rehearsal, _postgres: PostgresServer) -> None:
    worker = rehearsal.system.start_worker(**INTERVALS)
    rehearsal.system.start_api(**INTERVALS)
    rehearsal.run(lambda: worker.send_signal(signal.SIGKILL))


def bad_release(rehearsal: Rehearsal, _postgres: PostgresServer) -> None:
    """The encoder of the new worker always fails. There are two attempts, because back-offs are not compressed."""
    system = rehearsal.system
    worker = system.start_worker(**INTERVALS)
    system.start_api(**INTERVALS)

    def release() -> None:
        system.start_worker("bad-worker", **INTERVALS, ENCODER_BROKEN="yes", ANB_ATTEMPTS_MAX="2")
        worker.stop()

    rehearsal.run(release)


def database_unreachable_for_api(rehearsal: Rehearsal, postgres: PostgresServer) -> None:
    _behind_a_proxy_of_postgres(rehearsal, postgres, {"service": "postgres", "reset": True})


def database_slow_for_api(rehearsal: Rehearsal, postgres: PostgresServer) -> None:
    """Each query of the API takes seconds. Those of the worker do not: they would be a compressed minute each."""
    rule = {"service": "postgres", "sql": "SELECT", "latency": SLOW_QUERY_MS}
    _behind_a_proxy_of_postgres(rehearsal, postgres, rule, ANB_API_THREADS="32")


def _behind_a_proxy_of_postgres(rehearsal: Rehearsal, postgres: PostgresServer, rule: Rule, **overrides: str) -> None:
    rehearsal.system.start_worker(**INTERVALS)
    with api_behind_a_proxy_of_postgres(rehearsal.system, postgres, **overrides) as proxy:
        rehearsal.run(lambda: proxy.set_rules(rule), proxy.set_rules)


@contextmanager
def api_behind_a_proxy_of_postgres(
    system: SystemUnderFaults, postgres: PostgresServer, **overrides: str
) -> Iterator[FaultProxy]:
    """The API runs inside the block, and uses the database of ``system`` through the proxy."""
    name = system.database_url.rpartition("/")[2]
    with FaultProxy(system.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
        api = system.start_api(**INTERVALS, **overrides, ANB_DATABASE_URL=url)
        yield proxy
        proxy.set_rules()
        api.stop()


def log_of_api_stalled(rehearsal: Rehearsal, _postgres: PostgresServer) -> None:
    system = rehearsal.system
    pipe = system.directory / "pipe"
    with stallable_log(pipe, system.emf_log) as stalled:
        system.start_worker(**INTERVALS)
        narrow = {"ANB_EMF_DESTINATION": f"file:{pipe}", "ANB_EMF_QUEUE_RECORDS_MAX": "10"}
        system.start_api(**INTERVALS, **narrow)

        def stall() -> None:
            stalled.set()
            threading.Timer(STALL_MINUTES * MINUTE_SECONDS, stalled.clear).start()

        rehearsal.run(stall)
        _stop_all(system)


def flood_of_one_player(rehearsal: Rehearsal, _postgres: PostgresServer) -> None:
    """One player uploads more than the fleet can publish within the promise, and the videos of all others wait."""
    rehearsal.system.start_worker(**INTERVALS, FAKE_ENCODER="1")
    rehearsal.system.start_api(**INTERVALS)
    rehearsal.run(lambda: rehearsal.traffic.upload_many(FLOOD_UPLOADS))


def deployment_that_drains(rehearsal: Rehearsal, _postgres: PostgresServer) -> None:
    """New processes start, the traffic moves to them, and the old ones drain. No caller sees an error."""
    system = rehearsal.system
    worker, api = system.start_worker(**INTERVALS), system.start_api(**INTERVALS)

    def deploy() -> None:
        system.start_worker("new-worker", **INTERVALS)
        assert worker.stop() == 0
        port = free_port()
        system.start_api("new-api", **INTERVALS, ANB_API_PORT=str(port))
        system.api_port = port
        assert api.stop() == 0

    rehearsal.run(deploy)
    failures = [each for each in rehearsal.traffic.failures if not each.startswith("probe")]
    assert failures == [], failures


def _stop_all(system: SystemUnderFaults) -> None:
    """Stop the processes while what they depend on still runs."""
    for process in system.processes:
        process.stop()
