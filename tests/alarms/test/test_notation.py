"""A series in one line is read as documented, or refused with the part at fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarms.test.notation import REPEATS_MAX, VALUES_MAX, Minute, NotationError, expand, read_minutes

VALUES = st.floats(allow_nan=False, allow_infinity=False)


def write_minute(values: Minute) -> str:
    """A minute in the notation."""
    if not values:
        return "_"
    if len(values) > 1 and len(set(map(repr, values))) == 1:
        return f"{values[0]!r}*{len(values)}"
    return repr(values[0]) if len(values) == 1 else f"[{' '.join(map(repr, values))}]"


MINUTES = st.one_of(
    st.lists(VALUES, max_size=4).map(tuple), st.tuples(VALUES, st.integers(1, 9)).map(lambda pair: (pair[0],) * pair[1])
)


@given(st.lists(st.tuples(MINUTES, st.integers(1, 5))), st.sampled_from([" ", "  ", "\t", "\n"]))
def test_any_written_series_is_read_back(runs: list[tuple[Minute, int]], gap: str) -> None:
    text = gap.join(f"{write_minute(minute)}x{times}" if times > 1 else write_minute(minute) for minute, times in runs)
    assert read_minutes(text) == [minute for minute, times in runs for _ in range(times)]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", []),
        ("0x5 3 _ 7x2", [(0,)] * 5 + [(3,), (), (7,), (7,)]),
        ("[80 90 5000]x3", [(80, 90, 5000)] * 3),
        ("200*35x3", [(200,) * 35] * 3),
        ("  -1.5   1e3  ", [(-1.5,), (1000,)]),
        ("[]", [()]),
        ("_x3", [()] * 3),
        ("[1]x2 [1 2]", [(1,), (1,), (1, 2)]),
        ("[0*3 1 2*2]x2", [(0, 0, 0, 1, 2, 2)] * 2),
        ("2- 2+", [(2 - 2e-12,), (2 + 2e-12,)]),
        ("-2- 0+*2", [(-2 - 2e-12,), (1e-12,) * 2]),
    ],
)
def test_the_notation_reads_as_its_docstring_says(text: str, minutes: list[Minute]) -> None:
    assert read_minutes(text) == minutes


def test_repeated_states_are_written_out() -> None:
    assert expand("OKx2 ALARM INSUFFICIENT_DATAx2") == ["OK"] * 2 + ["ALARM"] + ["INSUFFICIENT_DATA"] * 2


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("0 five 0", "'five'"),
        ("0 x5", "'x5'"),
        ("1 [2 three]", "'[2 three]'"),
        ("1 [2 3", "'[2 3'"),
        ("1] 2", "'1] 2'"),
        ("1x2x3", "'1x2'"),
        ("[1 2][3]", "'[1 2][3]'"),
        ("5*", "'5*'"),
        ("0 + 1", "'+'"),
        ("5--", "'5--'"),
        ("5*2.5", "'5*2.5'"),
        ("nan", "'nan'"),
        ("0 [1 inf]", "'[1 inf]'"),
        ("-Infinity*3", "'-Infinity*3'"),
    ],
)
def test_an_unreadable_part_is_quoted(text: str, quoted: str) -> None:
    with pytest.raises(NotationError) as caught:
        read_minutes(text)
    assert str(caught.value) == f"{quoted} is neither a value, _ nor […]"


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("1x0", REPEATS_MAX),
        (f"1x{REPEATS_MAX + 1}", REPEATS_MAX),
        ("1*0", VALUES_MAX),
        ("1*-3", VALUES_MAX),
        (f"1*{VALUES_MAX + 1}", VALUES_MAX),
    ],
)
def test_repetitions_are_limited(text: str, most: int) -> None:
    with pytest.raises(NotationError) as caught:
        read_minutes(f"0 {text} 0")
    assert str(caught.value) == f"'{text}': 1 to {most} times are possible"


def test_the_largest_repetition_is_possible() -> None:
    assert len(read_minutes(f"1x{REPEATS_MAX}")) == REPEATS_MAX
    assert len(read_minutes(f"1*{VALUES_MAX}")[0]) == VALUES_MAX
