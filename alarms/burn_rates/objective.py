"""An objective: a share of events that is promised to be good, in the form of its file."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from alarms.burn_rates.windows import BURN_RATES, OBJECTIVE_DAYS, BurnRate
from cloudwatch.metric import MetricId

Text = Annotated[str, Field(min_length=1)]
# The values that one event publishes, by metric: "Name", or "Name{Dimension=Value}" where two have it.
Example = dict[Text, float]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EventMetric(_Part):
    """A statistic of a metric that counts events: for example Sum, SampleCount, or TC(:3000)."""

    namespace: str = Field(alias="Namespace", default="", description="By default the namespace of this project.")
    name: Text = Field(alias="MetricName")
    dimensions: dict[str, str] = Field(alias="Dimensions", default={})
    statistic: Text = Field(alias="Stat")

    def metric(self, namespace: str) -> MetricId:
        """The metric. ``namespace`` is that of this project."""
        return MetricId.of(self.namespace or namespace, self.name, self.dimensions)


class Examples(_Part):
    """What single events publish. The generated unit tests are made of them."""

    good: list[Example] = Field(min_length=1)
    bad: list[Example] = Field(min_length=1)


class Objective(_Part):
    """A promise about a share of events, over 28 days.

    Either ``bad_events`` or ``good_events`` is given; valid events are good or bad. The values of all metrics of a list
    are added. ``events`` and ``good`` are text for people: *requests*, *are answered within three seconds*. A long
    window with less than ``valid_events_min`` events pages nobody: one failed request of three is no incident. While
    the alarm ``suppressed_by`` is in ALARM, the page is held back.
    """

    promise: Text
    events: Text
    good: Text
    target_percent: float = Field(gt=0, lt=100)
    valid_events: list[EventMetric] = Field(min_length=1)
    bad_events: list[EventMetric] = []
    good_events: list[EventMetric] = []
    valid_events_min: PositiveInt
    suppressed_by: str | None = Field(default=None, description="The file of an alarm, without its ending.")
    owner: Text
    examples: Examples

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.bad_events) == bool(self.good_events):
            raise ValueError("give either bad_events or good_events")
        if silent := [rate for rate in BURN_RATES if self.threshold_percent(rate) >= 100]:
            text = f"with this target the {silent[0].name} alarm would need {self.threshold_percent(silent[0])} %"
            raise ValueError(f"target_percent: {text} of bad events, and could never fire; promise more")
        return self

    @property
    def budget_percent(self) -> Fraction:
        """The share of events that may be bad, in percent."""
        return 100 - Fraction(str(self.target_percent))

    def threshold_percent(self, rate: BurnRate) -> float:
        """The share of bad events in percent, above which both windows of a burn rate fire; to four decimals."""
        return round(float(self.budget_percent * rate.factor), 4)

    @property
    def counted_events(self) -> Sequence[EventMetric]:
        """The bad or the good events: whichever are given."""
        return self.bad_events or self.good_events


def read_objective(document: Mapping[str, Any]) -> Objective:
    """The objective of a file's member ``objective``. Raises ValueError, with a line for each key that is wrong."""
    try:
        return Objective.model_validate(document)
    except ValidationError as error:
        raise ValueError("\n".join(_problem(each["loc"], each["msg"]) for each in error.errors())) from error


def _problem(place: Sequence[str | int], message: str) -> str:
    return f"{'.'.join(('objective', *map(str, place)))}: {message.removeprefix('Value error, ')}"


def promise_text(objective: Objective) -> str:
    """``99 % of all requests are answered within three seconds, in 28 days``."""
    return f"{objective.target_percent:g} % of all {objective.events} {objective.good}, in {OBJECTIVE_DAYS} days"
