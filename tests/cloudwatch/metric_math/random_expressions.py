"""Random expressions that CloudWatch would accept, over the metrics m1, m2 and m3."""

from functools import cache

from hypothesis import strategies as st

from cloudwatch.metric_math.syntax import Array, Binary, Call, Expression, Id, Number, Text, Unary, Word

METRICS = ("m1", "m2", "m3")
DEPTH = 3
_ARITHMETIC = "+-*/%^"
_LOGIC = ("==", "!=", "<", "<=", ">", ">=", "AND", "OR")
_AGGREGATES = ("AVG", "DATAPOINT_COUNT", "MAX", "MIN", "STDDEV", "SUM")
_EACH = ("ABS", "CEIL", "DIFF", "DIFF_TIME", "FLOOR", "LOG", "LOG10", "RATE", "RUNNING_SUM")
_TIMES = ("DATE", "DAY", "EPOCH", "HOUR", "MINUTE", "MONTH", "YEAR")

Trees = st.SearchStrategy[Expression]

numbers = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 100.0, 1e200]).map(lambda value: Number(0, value))
counts = st.integers(0, 4).map(lambda value: Number(0, float(value)))


def call(functions: tuple[str, ...], *arguments: Trees) -> Trees:
    return st.builds(lambda function, *given: Call(0, function, given), st.sampled_from(functions), *arguments)


def word(*names: str) -> Trees:
    return st.sampled_from(names).map(lambda name: Word(0, name))


def operation(operators: tuple[str, ...] | str, left: Trees, right: Trees) -> Trees:
    return st.builds(Binary, st.just(0), st.sampled_from(operators), left, right)


def sign(operators: str, operand: Trees) -> Trees:
    return st.builds(Unary, st.just(0), st.sampled_from(operators), operand)


ids: Trees = st.sampled_from(METRICS).map(lambda name: Id(0, name))
metrics: Trees = st.just(Call(0, "METRICS", ())) | st.sampled_from(["2", "m", "x"]).map(
    lambda text: Call(0, "METRICS", (Text(0, text),))
)


@cache
def scalars(depth: int) -> Trees:
    if not depth:
        return numbers | call(("PERIOD",), ids)
    number, line = scalars(depth - 1), series(depth - 1)
    return st.one_of(
        scalars(0),
        call(_AGGREGATES, line),
        call(("METRIC_COUNT",), arrays(depth - 1)),
        sign("-!", number),
        operation((*_ARITHMETIC, *_LOGIC), number, number),
    )


@cache
def series(depth: int) -> Trees:
    if not depth:
        return ids
    number, line, lines = scalars(depth - 1), series(depth - 1), arrays(depth - 1)
    either = line | number
    return st.one_of(
        ids,
        sign("-!", line),
        operation((*_ARITHMETIC, *_LOGIC), line, either),
        operation((*_ARITHMETIC, *_LOGIC), number, line),
        call(_EACH, line),
        call(_TIMES, line),
        call(_AGGREGATES, lines),
        call(("FIRST", "LAST"), lines),
        call(("TIME_SERIES",), number),
        call(("FILL",), line, either | word("REPEAT", "LINEAR")),
        call(("IF",), line, either),
        call(("IF",), line, either, either),
        call(("IF",), number, line),
        call(("IF",), number, line, line),
    )


@cache
def arrays(depth: int) -> Trees:
    if not depth:
        return metrics
    line, lines = series(depth - 1), arrays(depth - 1)
    either = line | scalars(depth - 1)
    order = (word("AVG", "MIN", "MAX", "SUM"), word("ASC", "DESC"))
    return st.one_of(
        metrics,
        st.lists(line | lines, min_size=1, max_size=3).map(lambda items: Array(0, tuple(items))),
        sign("-", lines),
        operation(_ARITHMETIC, lines, either),
        operation(_ARITHMETIC, either, lines),
        call(_EACH, lines),
        call(("FILL",), lines, either | word("REPEAT", "LINEAR")),
        call(("REMOVE_EMPTY",), lines),
        call(("SLICE",), lines, counts),
        call(("SLICE",), lines, counts, counts),
        call(("SORT",), lines, *order),
        call(("SORT",), lines, *order, counts),
    )


expressions: Trees = scalars(DEPTH) | series(DEPTH) | arrays(DEPTH)
