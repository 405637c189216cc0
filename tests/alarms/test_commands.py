"""Every command of the alarms explains itself, and refuses wrong usage with the same exit code."""

from collections.abc import Callable, Sequence

import pytest

from alarms import schema
from alarms.backtest import __main__ as backtest
from alarms.check import __main__ as check
from alarms.objectives import __main__ as objectives
from alarms.simulate import __main__ as simulate
from alarms.sync import __main__ as sync
from alarms.test import __main__ as unit_tests

Main = Callable[[Sequence[str]], int]
COMMANDS = {
    "alarms.backtest": backtest.main,
    "alarms.check": check.main,
    "alarms.objectives": objectives.main,
    "alarms.schema": schema.main,
    "alarms.simulate": simulate.main,
    "alarms.sync": sync.main,
    "alarms.test": unit_tests.main,
}


@pytest.mark.parametrize(("name", "main"), COMMANDS.items())
def test_the_help_has_a_description_examples_and_exit_codes(
    name: str, main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    out, err = capsys.readouterr()
    assert (caught.value.code, err) == (0, "")
    assert out.startswith(f"usage: python -m {name} ")
    examples, exit_codes = out.split("\nexamples:\n")[1].split("\nexit codes:\n")
    assert f"  python -m {name}" in examples
    assert [line.split()[0] for line in exit_codes.splitlines()] == ["0", "1", "2"]


@pytest.mark.parametrize("main", COMMANDS.values(), ids=COMMANDS)
def test_wrong_usage_exits_with_2(main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--no-such-option"])
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert "usage: python -m alarms." in err


def test_the_help_of_sync_documents_that_drift_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sync.main(["--help"])
    assert "  2  the account differs (--check); or wrong usage" in capsys.readouterr().out
