"""The suite of breakages is whole: each patch applies, names its test, and stands in the document."""

import re
import subprocess
from pathlib import Path

import pytest

from cli.command_parser import ExitCode
from tests.sabotage.__main__ import main
from tests.sabotage.breakages import PATCHES, ROOT, Breakage, read_breakages, why_not_applicable
from tests.sabotage.trial import try_out

BREAKAGES = read_breakages()
LEAST = 25
PRODUCT = ("service/", "showcase/", "telemetry/", "worker/")
WHOLE = "answer = lambda: 42"


def test_there_are_enough_breakages_and_each_patch_has_a_test() -> None:
    assert len(BREAKAGES) >= LEAST
    names = [breakage.name for breakage in BREAKAGES]
    assert sorted(names) == sorted(patch.stem for patch in PATCHES.glob("*.patch"))


def test_every_patch_still_applies_and_breaks_nothing_but_the_product() -> None:
    assert {each.name: said for each in BREAKAGES if (said := why_not_applicable(each.patch, ROOT))} == {}
    for breakage in BREAKAGES:
        files = re.findall(r"^\+\+\+ b/(\S+)", breakage.patch.read_text(), re.MULTILINE)
        assert files and all(file.startswith(PRODUCT) for file in files), breakage.name


@pytest.mark.parametrize("test", sorted({breakage.test for breakage in BREAKAGES}))
def test_every_test_that_finds_a_breakage_exists(test: str) -> None:
    file, *classes, function = test.partition("[")[0].split("::")
    source = (ROOT / file).read_text()
    assert re.search(rf"^ *def {function}\(", source, re.MULTILINE)
    assert all(re.search(rf"^class {name}\b", source, re.MULTILINE) for name in classes)


def test_the_document_shows_the_table_of_the_breakages() -> None:
    document = (ROOT / "docs" / "RELIABILITY.md").read_text()
    _, head, table = document.partition("| breakage | what it breaks | found by |\n| --- | --- | --- |\n")
    assert head and table.partition("\n\n")[0].splitlines() == [breakage.row for breakage in BREAKAGES]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A product with a test."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "product.py").write_text(f"{WHOLE}\n")
    (tree / "test_product.py").write_text("import product\n\ndef test_answer():\n    assert product.answer() == 42\n")
    command = ["git", "init", "-q"]
    subprocess.run(command, cwd=tree, check=True)
    return tree


@pytest.mark.parametrize(
    ("old", "new", "why_not"),
    [
        pytest.param(WHOLE, "answer = lambda: 43", "", id="a test fails"),
        pytest.param(WHOLE, "answer = lambda: 40 + 2", "not found: 1 passed", id="no test fails"),
        pytest.param(WHOLE, "answer = lambda: forty_two", "not found: 1 failed", id="it only makes a name unknown"),
        pytest.param(WHOLE, "import nowhere", "not found: .*1 error", id="the product cannot be imported"),
        pytest.param("answer = 42", WHOLE, r"planted\.patch no longer applies: error: patch failed", id="it is stale"),
    ],
)
def test_only_a_test_that_fails_has_found_a_breakage(
    tmp_path: Path, tree: Path, old: str, new: str, why_not: str
) -> None:
    patch = tmp_path / "planted.patch"
    patch.write_text(f"It answers otherwise.\n\n--- a/product.py\n+++ b/product.py\n@@ -1 +1 @@\n-{old}\n+{new}\n")
    planted = Breakage(patch, "test_product.py", by_somebody_else=False)
    assert re.match(why_not or "$", try_out(planted, tree).why_not)
    assert planted.description == "It answers otherwise."
    assert (tree / "product.py").read_text() == f"{WHOLE}\n", "only the copy is broken"


def test_a_breakage_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-breakage"]) == ExitCode.REFUSED
    assert "no such breakage: no-such-breakage" in capsys.readouterr().err
