"""Texts are printed word for word. Faults go to standard error, and a JSON document is alone on standard output."""

import json
import subprocess
import sys

import pytest
from rich.table import Table

from cli.screen import Screen

GREEN, RED = "\x1b[32m", "\x1b[31m"
LONG = "word " * 200 + "end"


@pytest.fixture(autouse=True)
def narrow_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "text",
    [
        "[red]an alarm[/red]",
        "[/] [bold] [link=https://example.com]x[/link]",
        r"C:\[path]",
        "a colon and a name: :smile: :warning:",
        "${PREFIX}-main: put_dashboard.DashboardBody/widgets[2]/properties: 'title' 42 True https://example.com",
        "two\nlines",
        "",
        LONG,
    ],
    ids=["markup", "unbalanced markup", "backslash", "emoji", "path and values", "lines", "empty", "long"],
)
def test_a_text_is_printed_word_for_word(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.line(text)
    screen.line(text, "bold red")
    screen.good(text)
    screen.fail(text)
    assert capsys.readouterr() == (f"{text}\n" * 3, f"{text}\n")


def test_a_fault_goes_to_standard_error_and_a_result_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.good("done")
    screen.fail("broken")
    assert capsys.readouterr() == ("done\n", "broken\n")


def test_a_quiet_screen_prints_documents_and_faults_alone(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"name": "[red]Bogotá[/red]", "text": LONG, "lines": "a\tb\n\x1b[31m\x07", "list": [1, None, True, 0.5]}
    screen = Screen(quiet=True)
    screen.line("for people")
    screen.good("for people")
    screen.show(Table("for people"))
    screen.console.print("for people")
    screen.fail("broken")
    screen.document(document)
    out, err = capsys.readouterr()
    assert json.loads(out) == document
    assert out == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert err == "broken\n"


def test_a_document_has_no_colours_even_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    Screen(quiet=True).document({"done": True})
    assert json.loads(capsys.readouterr().out) == {"done": True}


def test_colours_appear_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen = Screen()
    screen.good("done")
    screen.fail("broken")
    out, err = capsys.readouterr()
    assert out.startswith(GREEN)
    assert err.startswith(RED)


def test_no_color_wins_over_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    screen = Screen()
    screen.good("done")
    screen.fail("broken")
    assert capsys.readouterr() == ("done\n", "broken\n")


def test_a_table_fits_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("alarm", "what it says")
    table.add_row("dead-letters", "word " * 30)
    Screen().show(table)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 40


def test_a_reader_that_closes_the_pipe_ends_the_command_without_a_traceback() -> None:
    program = "from cli.screen import Screen\nfor _ in range(100_000):\n    Screen().line('word ' * 20)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline().startswith("word word")
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr.read() == ""
