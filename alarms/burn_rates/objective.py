"""An objective: a share of events that is promised to be good, in the form of its file."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from alarms.burn_rates.windows import BURN_RATES, OBJECTIVE_DAYS, BurnRate
from alarms.wording import suggestion
from cloudwatch.metric import MetricId
from cloudwatch.statistics import parse_statistic

Text = Annotated[str, Field(min_length=1)]
# The values that one event publishes, by metric: "Name", or "Name{Dimension=Value}" where two have it.
Example = dict[Text, float]
THRESHOLD_PERCENT_MIN = 0.005  # rounded to four decimals, it is exact to 1 %


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _counts_events(statistic: str) -> str:
    parse_statistic(statistic)
    if statistic not in ("Sum", "SampleCount") and not statistic.startswith("TC("):
        raise ValueError(f"{statistic} does not count events; give Sum, SampleCount or TC(…)")
    return statistic


class EventMetric(_Part):
    """A statistic of a metric that counts events: for example Sum, SampleCount, or TC(:3000)."""

    namespace: str = Field(alias="Namespace", default="", description="By default the namespace of this project.")
    name: Text = Field(alias="MetricName")
    dimensions: dict[str, str] = Field(alias="Dimensions", default={})
    statistic: Annotated[str, AfterValidator(_counts_events)] = Field(alias="Stat")

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

    @field_validator("target_percent")
    @classmethod
    def _can_be_alarmed(cls, target: float) -> float:
        """The thresholds are below 100 %, and large enough for their four decimals."""
        thresholds = {rate: _threshold_percent(target, rate) for rate in BURN_RATES}
        for rate, threshold in thresholds.items():
            if threshold >= 100:
                text = f"the {rate.name} alarm would need {threshold} % of bad events, and could never fire"
                raise ValueError(f"with this target {text}; promise more")
            if threshold < THRESHOLD_PERCENT_MIN:
                text = f"the {rate.name} alarm would fire at {threshold} % of bad events"
                raise ValueError(f"with this target {text}, less than {THRESHOLD_PERCENT_MIN} %; promise less")
        return target

    @field_validator("examples")
    @classmethod
    def _publish_its_metrics(cls, examples: Examples, info: ValidationInfo) -> Examples:
        lists = [info.data.get(key) for key in ("valid_events", "bad_events", "good_events")]
        if None in lists:
            return examples  # a metric is wrong, and named
        names = {each.name for metrics in lists for each in metrics or ()}
        for key in (key for example in (*examples.good, *examples.bad) for key in example):
            if (name := key.partition("{")[0]) not in names:
                raise ValueError(f"{name} is no metric of the events{suggestion(name, names)}")
        return examples

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.bad_events) == bool(self.good_events):
            raise ValueError("give either bad_events or good_events")
        return self

    @property
    def statistics(self) -> set[str]:
        """The statistics that count its events."""
        return {each.statistic for each in (*self.valid_events, *self.counted_events)}

    @property
    def budget_percent(self) -> Fraction:
        """The share of events that may be bad, in percent."""
        return _budget_percent(self.target_percent)

    def threshold_percent(self, rate: BurnRate) -> float:
        """The share of bad events in percent, above which both windows of a burn rate fire; to four decimals."""
        return _threshold_percent(self.target_percent, rate)

    @property
    def counted_events(self) -> Sequence[EventMetric]:
        """The bad or the good events: whichever are given."""
        return self.bad_events or self.good_events


def _budget_percent(target_percent: float) -> Fraction:
    return 100 - Fraction(str(target_percent))


def _threshold_percent(target_percent: float, rate: BurnRate) -> float:
    return round(float(_budget_percent(target_percent) * rate.factor), 4)


def read_objective(document: Mapping[str, Any]) -> Objective:
    """The objective of a file's member ``objective``. Raises ValueError, with a line for each key that is wrong."""
    try:
        return Objective.model_validate(document)
    except ValidationError as error:
        raise ValueError("\n".join(map(_problem, error.errors()))) from error


def _problem(found: ErrorDetails) -> str:
    keys = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in found["loc"]]
    match found["type"]:
        case "extra_forbidden":
            text = f"there is no such key{suggestion(str(found['loc'][-1]), _keys())}"
        case "missing":
            text = "is missing"
        case _:
            text = found["msg"].removeprefix("Value error, ")
    return f"objective{''.join(keys)}: {text}"


def _keys() -> set[str]:
    parts: tuple[type[_Part], ...] = (Objective, EventMetric, Examples)
    return {field.alias or name for part in parts for name, field in part.model_fields.items()}


def promise_text(objective: Objective) -> str:
    """``99 % of all requests are answered within three seconds, in 28 days``."""
    return f"{objective.target_percent:g} % of all {objective.events} {objective.good}, in {OBJECTIVE_DAYS} days"
