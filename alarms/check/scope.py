"""The definitions that the checks read, and the notices that they return."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from alarms.check.aws_metrics import KnownMetrics
from alarms.check.metric_catalogue import MetricCatalogue
from alarms.check.watched_metrics import MetricUse, SelectionUse, metric_uses, selection_uses
from alarms.definition_files import ALARM_KINDS, ROOT, Definition, DefinitionKind, Variables
from cloudwatch.dashboard.body import Widget
from cloudwatch.notice import Notice, Severity

RUNBOOK = "docs/RUNBOOK.md"


@dataclass(frozen=True)  # without slots, because cached_property needs a __dict__
class Definitions:
    """The definitions that can be read, the variables of their environment, and the metrics of AWS that are known.

    ``catalogue`` has the metrics that definitions of others may watch. ``refused`` are the names of the alarms that AWS
    would refuse. Such an alarm exists, but its parameters are not read. ``root`` is the folder that holds the runbook.
    """

    all: tuple[Definition, ...]
    variables: Variables
    known: KnownMetrics
    catalogue: MetricCatalogue = field(default_factory=MetricCatalogue)
    refused: frozenset[str] = frozenset()
    root: Path = ROOT

    @property
    def ours(self) -> "Definitions":
        """The definitions that are in the form of this project."""
        ours = tuple(definition for definition in self.all if definition.is_ours)
        return self if ours == self.all else replace(self, all=ours)

    def of(self, *kinds: DefinitionKind) -> list[Definition]:
        return [definition for definition in self.all if definition.kind in kinds]

    @property
    def alarm_names(self) -> set[str]:
        return {definition.name for definition in self.of(*ALARM_KINDS)} | self.refused

    @cached_property
    def metric_uses(self) -> tuple[MetricUse, ...]:
        return tuple(use for definition in self.all for use in metric_uses(definition))

    @cached_property
    def selection_uses(self) -> tuple[SelectionUse, ...]:
        return tuple(use for definition in self.all for use in selection_uses(definition))

    @cached_property
    def widgets(self) -> tuple[tuple[Definition, Widget], ...]:
        """Every widget of every dashboard."""
        dashboards = self.of(DefinitionKind.DASHBOARD)
        return tuple((d, w) for d in dashboards for w in d.dashboard.widgets)

    def uses_of(self, definition: Definition) -> list[MetricUse]:
        """The metrics that one definition names."""
        return [use for use in self.metric_uses if use.definition is definition]

    @cached_property
    def runbook(self) -> str:
        """The text of the runbook; empty if there is none."""
        path = self.root / RUNBOOK
        return path.read_text() if path.exists() else ""

    @property
    def prefix(self) -> str:
        return str(self.variables.get("PREFIX", ""))

    @property
    def namespace(self) -> str:
        """The namespace of this project's metrics; empty if the variables have none."""
        return str(self.variables.get("NAMESPACE", ""))

    @property
    def region(self) -> str:
        """The region of the environment. It is empty if the variables have none, and then no region is compared."""
        return str(self.variables.get("REGION", ""))

    @property
    def account(self) -> str:
        """The id of the account. It is empty if the variables have none, and then no account is compared."""
        return str(self.variables.get("ACCOUNT", ""))


def error(definition: Definition, key: str, text: str) -> Notice:
    """A notice that AWS refuses the parameter, or that it can never work. ``key`` is a path below the parameters."""
    return Notice(Severity.ERROR, definition.file, definition.place_of(key), text)


def remark(definition: Definition, key: str, text: str) -> Notice:
    """A notice about a parameter that AWS accepts, but which should be reviewed."""
    return Notice(Severity.REMARK, definition.file, definition.place_of(key), text)


def doubt(definition: Definition, key: str, text: str) -> Notice:
    """An error in a definition of this project, which must name only known objects; a remark in any other."""
    return error(definition, key, text) if definition.is_ours else remark(definition, key, text)
