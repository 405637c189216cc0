"""Faults of PostgreSQL and of the connections to it."""

import random
import time
from collections.abc import Iterable

import psycopg2

from tests.soak.fault_injector import Excuse, Fault
from tests.soak.faults_of_aws import LONG_SECONDS, strike
from tests.soak.system import DATABASE, SoakSystem

CUTS = (1, 4)
CUT_PAUSE_SECONDS = 0.3


class FaultsOfDatabase:
    """Cut connections, crashes and lost commits."""

    def __init__(self, system: SoakSystem) -> None:
        self._system = system

    def all(self) -> Iterable[Fault]:
        return (
            Fault("database connections cut", self.cut_connections, excuses=Excuse.UNRECORDED),
            Fault("database crashed", self.crash, excuses=Excuse.UNRECORDED),
            Fault("commits lost", self.lose_commits),
            Fault("answers of commits lost", self.lose_answers_of_commits),
            Fault(
                "database away for one worker", self.take_away, evidence="HeartbeatFailures", excuses=Excuse.UNRECORDED
            ),
        )

    def cut_connections(self, choose: random.Random) -> int:
        cut = 0
        for _ in range(choose.randint(*CUTS)):
            cut += self._terminate_connections()
            time.sleep(CUT_PAUSE_SECONDS)
        return cut

    def crash(self, _choose: random.Random) -> int:
        self._system.server.crash()
        self._system.server.restart()
        return 1

    def lose_commits(self, choose: random.Random) -> int:
        """The connection ends before COMMIT arrives, so nothing is written."""
        rule = {"service": "postgres", "operation": "commit", "times": choose.randint(2, 8), "reset": True}
        return strike(self._system.postgres_proxy, [rule], choose)

    def lose_answers_of_commits(self, choose: random.Random) -> int:
        """The connection ends after COMMIT arrived: everything is written, but the client gets no answer.

        The proxy inspects only the beginning of a connection. So all connections are cut first, and new ones begin.
        """
        self._terminate_connections()
        rule = {"service": "tcp", "payload": "COMMIT\0", "cut_reply": {"after_bytes": 0}}
        return strike(self._system.tcp_proxy, [rule], choose)

    def take_away(self, choose: random.Random) -> int:
        return strike(self._system.postgres_proxy, [{"service": "postgres", "reset": True}], choose, LONG_SECONDS)

    def _terminate_connections(self) -> int:
        connection = psycopg2.connect(self._system.server.url("postgres"))
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s", (DATABASE,)
                )
                return int(cursor.fetchone()[0])  # type: ignore[index]
        finally:
            connection.close()
