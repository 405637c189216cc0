"""The deliberate breakages: what each breaks, and which test finds it."""

import os
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).parent / "breakages.toml"
PATCHES = Path(__file__).parent / "patches"


@dataclass(frozen=True, slots=True)
class Breakage:
    """A patch that breaks the product. ``test`` is the pytest id of the cheapest test that finds it."""

    patch: Path
    test: str
    by_somebody_else: bool  # not by the authors of the tests

    @property
    def name(self) -> str:
        return self.patch.stem

    @property
    def description(self) -> str:
        """What is broken: the first sentence of the patch. git ignores the text above the first file."""
        head = re.split(r"^(?:diff --git |--- )", self.patch.read_text(), maxsplit=1, flags=re.MULTILINE)[0]
        return re.split(r"(?<=\.) ", " ".join(head.split()), maxsplit=1)[0]

    @property
    def row(self) -> str:
        """Its row in the table of docs/RELIABILITY.md."""
        mark = "\\*" if self.by_somebody_else else ""
        return f"| {self.name}{mark} | {self.description} | `{self.test}` |"


def read_breakages() -> list[Breakage]:
    """All breakages, in the order of the table. Raises OSError or tomllib.TOMLDecodeError."""
    table = tomllib.loads(TABLE.read_text())
    return [
        Breakage(PATCHES / f"{name}.patch", test, by_somebody_else=section == "by-somebody-else")
        for section, tests in table.items()
        for name, test in tests.items()
    ]


def why_not_applicable(patch: Path, tree: Path) -> str:
    """What git says against the patch; empty if it applies to the tree."""
    return _git_apply("--check", patch, tree)


def apply(patch: Path, tree: Path) -> None:
    """Break the tree. Raises ValueError if the patch does not apply."""
    if complaint := _git_apply("--verbose", patch, tree):
        raise ValueError(complaint)


def _git_apply(option: str, patch: Path, tree: Path) -> str:
    # git passes over the files of a patch if it finds a repository above the tree.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.resolve().parent)}
    command = ["git", "apply", option, str(patch.resolve())]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""
