"""Every command of local/ and benchmarks/ explains itself with --help, and starts nothing."""

import subprocess
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

import pytest

COMMANDS = (
    *("local.artwork", "local.costs", "local.demo", "local.demo.contact_sheet", "local.drill", "local.sample_clip"),
    *("local.smoke", "local.up"),
    *("benchmarks.api", "benchmarks.api.contest", "benchmarks.api.load", "benchmarks.cloudwatch"),
    *("benchmarks.cloudwatch.emf_reading", "benchmarks.telemetry", "benchmarks.upload", "benchmarks.video"),
    *("benchmarks.worker", "benchmarks.worker.noop_worker"),
)


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test when a process is started."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    yield


@pytest.mark.parametrize("command", COMMANDS)
def test_help_describes_the_command_and_starts_nothing(
    command: str, no_processes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    package = find_spec(command)
    assert package
    module = import_module(f"{command}.__main__" if package.submodule_search_locations else command)
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: python -m {command} ")
    assert "exit codes:\n  0  " in text
