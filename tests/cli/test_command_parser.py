"""Every command gets a ``--help`` with its description, examples and exit codes, and the same code for wrong usage."""

import argparse

import pytest

from cli.command_parser import COMMAND_CHARACTERS_MAX, MEANINGS, ExitCode, command_parser


def help_of(parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(["--help"])
    out, err = capsys.readouterr()
    assert (caught.value.code, err) == (0, "")
    return out


def test_the_help_has_description_notes_examples_and_exit_codes_in_this_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = command_parser(
        "paint.walls",
        "Paint walls.\n\nOne coat each.\n",
        notes="Wet paint sticks.\n",
        examples=[("", "all walls"), ("--colour red north", "one wall")],
    )
    lines = help_of(parser, capsys).splitlines()
    expected = [
        "usage: python -m paint.walls [-h]",
        "Paint walls.",
        "One coat each.",
        "Wet paint sticks.",
        "examples:",
        "  python -m paint.walls                      all walls",
        "  python -m paint.walls --colour red north   one wall",
        "exit codes:",
        *(f"  {code:d}  {meaning}" for code, meaning in MEANINGS.items()),
    ]
    assert [line for line in lines if line in expected] == expected


def test_the_meaning_of_a_long_example_stands_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    long = "--wall " * (COMMAND_CHARACTERS_MAX // 7)
    out = help_of(command_parser("paint.walls", "Paint.", examples=[("", "all"), (long, "many")]), capsys)
    assert f"  python -m paint.walls\n      all\n  python -m paint.walls {long.rstrip()}\n      many\n" in out


def test_a_command_without_examples_and_notes_has_neither_section(capsys: pytest.CaptureFixture[str]) -> None:
    out = help_of(command_parser("paint.walls", "Paint."), capsys)
    assert "examples:" not in out
    assert out.split("exit codes:\n")[1].count("\n") == len(ExitCode)


def test_a_command_replaces_single_meanings_of_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    out = help_of(command_parser("paint.walls", "Paint.", exit_codes={ExitCode.FAILED: "a wall fell"}), capsys)
    assert "  1  a wall fell\n" in out
    assert MEANINGS[ExitCode.FAILED] not in out
    assert f"  0  {MEANINGS[ExitCode.DONE]}\n" in out
    assert f"  2  {MEANINGS[ExitCode.REFUSED]}\n" in out


def test_the_help_keeps_the_lines_of_the_description(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    line = "A line of a description that is longer than the terminal is wide, with 100 % of it."
    assert line in help_of(command_parser("paint.walls", line), capsys).splitlines()


def test_wrong_usage_exits_as_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command_parser("paint.walls", "Paint.").parse_args(["--no-such-option"])
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (ExitCode.REFUSED, "")
    assert "--no-such-option" in err


def test_exit_codes_are_those_that_shells_and_make_expect() -> None:
    assert {code.name: int(code) for code in ExitCode} == {"DONE": 0, "FAILED": 1, "REFUSED": 2}
    assert set(MEANINGS) == set(ExitCode)
