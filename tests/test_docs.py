"""A document that names a file names one that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`((?:[\w./-]+/)?[\w-]+\.py)`")


@pytest.mark.parametrize("document", ["SECURITY.md", "RELIABILITY.md", "ARCHITECTURE.md"])
def test_every_source_that_a_document_names_exists(document: str) -> None:
    named = set(NAMED.findall((ROOT / "docs" / document).read_text()))
    assert named
    sources = {
        path.relative_to(ROOT).as_posix()
        for room in ("service", "showcase", "worker", "telemetry", "tests", "migrations")
        for path in (ROOT / room).rglob("*.py")
    }
    for name in named:
        assert any(source == name or ("/" not in name and source.endswith(f"/{name}")) for source in sources), name
