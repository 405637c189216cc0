"""Everything that the console keeps: metrics, alarms, dashboards, tags."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cloudwatch.emf import EmfReader
from cloudwatch.store import MetricStore
from console.alarm_book import AlarmBook
from console.alarm_history import AlarmHistory
from console.console_clock import ConsoleClock


@dataclass(frozen=True, slots=True)
class StoredDashboard:
    """The text that PutDashboard gave, and the time of the call in seconds since the epoch."""

    body: str
    modified: float


@dataclass
class Console:
    """One account in one region. Each reader and each writer holds ``lock``."""

    clock: ConsoleClock
    tell: Callable[[float, str], None]
    region: str
    account: str
    store: MetricStore = field(default_factory=MetricStore)
    reader: EmfReader = field(default_factory=EmfReader)  # of all logs that are followed
    dashboards: dict[str, StoredDashboard] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)  # by ARN, one entry for each object that exists
    lock: threading.RLock = field(default_factory=threading.RLock)
    alarms: AlarmBook = field(init=False)

    def __post_init__(self) -> None:
        self.alarms = AlarmBook(self.store, self.clock.now, AlarmHistory(self.tell))

    def alarm_arn(self, name: str) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{name}"

    def mute_arn(self, name: str) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm-mute-rule:{name}"

    def dashboard_arn(self, name: str) -> str:
        """Dashboards belong to no region."""
        return f"arn:aws:cloudwatch::{self.account}:dashboard/{name}"


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as a time of an answer."""
    return datetime.fromtimestamp(seconds, UTC)
