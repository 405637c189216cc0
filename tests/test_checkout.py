"""A fresh checkout works for a contributor: pip, the hooks of pre-commit, and the files that GitHub looks for."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("editable", [[], ["-e"]], ids=["install", "install -e"])
def test_pip_install_says_that_this_is_an_application_and_what_to_do(editable: list[str], tmp_path: Path) -> None:
    for name in ("pyproject.toml", "infra/not_a_package.py", "README.md", "LICENSE"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    # --no-index: the refusal needs no package index.
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", *editable, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "anb-rising-stars-showcase is an application, not a package" in said
    assert "`make test` to set up .venv" in said
    assert "Traceback" not in said


def test_a_commit_is_checked_by_the_tools_of_make_check() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    commands = recipe.group(1).replace("$(BIN)", ".venv/bin").replace("$(RUN)", ".venv/bin/python -m")
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    entries = "\n".join(re.findall(r"entry: (.+)", hooks))
    tool = re.compile(r"\.venv/bin/(ruff \w+|python -m tests[\w.]+|(?!python)[\w-]+)")
    assert sorted(tool.findall(entries)) == sorted(tool.findall(commands))
    assert set(re.findall(r"language: (.+)", hooks)) == {"system"}, "a hook of another language is downloaded"


def test_licence_and_version_are_stated_once_and_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT" and (ROOT / "LICENSE").read_text().startswith("MIT License")
    releases = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert releases[0] == project["version"], "the newest release of CHANGELOG.md is that of pyproject.toml"
