"""The documents name files, headings, modules, make targets and settings that exist."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
AT_THE_TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "THIRD_PARTY.md")
DOCUMENTS = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in AT_THE_TOP)])
# Files that a command or an operator writes: a clean checkout has none of them.
MADE_LATER = (
    *(".env", ".venv", "alarms/variables.json"),
    *(".local/", "processed.mp4", "contact-sheet.png", "emf.log"),  # a demo writes these
    *("dist/", "licenses/", "wheels/"),  # a release writes these
)
MEDIA_TYPE = re.compile(r"(application|audio|image|text|video)/")
FILE_NAME = re.compile(r"[\w.*-]+\.(?:cfg|env|ini|json|md|png|jpg|mp4|py|service|toml|txt|yaml|yml)")
EXTERNAL_MODULES = {"pip", "pytest", "venv"}

Check = Callable[[str, Path], Iterator[str]]


def prose(text: str) -> str:
    """The text without fenced code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def inline_code(text: str) -> list[str]:
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(text))]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings; the second heading of a name gets ``-1``, and so on."""
    count: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(text), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(f"{slug}-{count[slug]}" if count[slug] else slug)
        count[slug] += 1
    return found


def dead_links(text: str, document: Path) -> Iterator[str]:
    """Relative links to a file or a heading that does not exist."""
    without_code = re.sub(r"`[^`]*`", "", prose(text))
    for target in re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", without_code):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists():
            yield f"link to {target}: no such file"
        elif anchor and anchor not in (anchors(text) if file == document else anchors(file.read_text())):
            yield f"link to {target}: no such heading"


def missing_paths(text: str, document: Path) -> Iterator[str]:
    """Code that looks like a path of the repository, but no such file or folder exists.

    It has a slash after a name in small letters, or it ends like a file. A file name without a slash may lie anywhere.
    NAME and … stand for other text, and * matches as in a shell.
    """
    for code in inline_code(text):
        path = re.sub(r"NAME|…", "*", code)
        is_path = re.match(r"[a-z_.][\w.-]*/", path) or FILE_NAME.fullmatch(path)
        if not is_path or not re.fullmatch(r"[\w.*/-]+", path) or path.startswith(MADE_LATER) or MEDIA_TYPE.match(path):
            continue
        # A release has infra/instance at its top.
        places = [ROOT, document.parent, ROOT / "infra"] if "/" in path or path.startswith(".") else [ROOT, *_rooms()]
        if not any(_exists(place, path, deep="/" not in path) for place in places):
            yield f"`{code}`: no such file or folder"


def _rooms() -> list[Path]:
    return [each for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(".")]


def _exists(place: Path, path: str, *, deep: bool) -> bool:
    found = place.rglob(path) if deep and place != ROOT else place.glob(path)
    return next(iter(found), None) is not None


def missing_modules(text: str, _: Path) -> Iterator[str]:
    """Commands ``python -m MODULE`` whose module cannot be run."""
    for module in re.findall(r"(?:python3? -m|\$\(RUN\)|instance/run) ([a-z_][\w.]*\w)", text):
        path = ROOT / module.replace(".", "/")
        if (
            module not in EXTERNAL_MODULES
            and not path.with_suffix(".py").is_file()
            and not (path / "__main__.py").is_file()
        ):
            yield f"python -m {module}: no such command"


def missing_targets(text: str, _: Path) -> Iterator[str]:
    """Commands ``make TARGET`` whose target is not in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    fenced = "\n".join(re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL))
    asked = [re.match(r"make ([a-z-]+)", code) for code in inline_code(text)]
    for match in [*asked, *re.finditer(r"^\s*make ([a-z-]+)", fenced, re.MULTILINE)]:
        if match and match[1] not in targets:
            yield f"make {match[1]}: no such target"


def unknown_settings(text: str, _: Path) -> Iterator[str]:
    """Names of settings that do not exist. Other tests check that the example files name all settings."""
    known = {
        name
        for example in (ROOT / ".env.example", *ROOT.glob("*/env.example"))
        for name in re.findall(r"^#?\s?([A-Za-z_]+)=", example.read_text(), re.MULTILINE)
    }
    for name in re.findall(r"\b(?:ANB_[A-Z0-9_]+…?(?:[A-Z_]+)?|sqs_[a-z_]+)", text):
        pattern = re.compile(name.replace("…", "[A-Z_]+"))
        if not any(pattern.fullmatch(each) for each in known):
            yield f"{name}: no such setting"


CHECKS: tuple[Check, ...] = (dead_links, missing_paths, missing_modules, missing_targets, unknown_settings)


def present_text(document: Path) -> str:
    """The whole document. Of the changelog, only the unreleased part, because a release keeps the names of its time."""
    text = document.read_text()
    return re.split(r"^## \d", text, maxsplit=1, flags=re.MULTILINE)[0] if document.name == "CHANGELOG.md" else text


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_document_names_what_exists(document: Path, check: Check) -> None:
    text = document.read_text() if check is dead_links else present_text(document)
    assert list(check(text, document)) == []


@pytest.mark.parametrize(
    ("check", "text", "said"),
    [
        (dead_links, "[x](NOWHERE.md)", "link to NOWHERE.md: no such file"),
        (dead_links, "![x](nothing.png)", "link to nothing.png: no such file"),
        (dead_links, "[x](ALARMS.md#no-such-heading)", "link to ALARMS.md#no-such-heading: no such heading"),
        (dead_links, "# Here\n[x](#there)", "link to #there: no such heading"),
        (missing_paths, "see `service/none.py`", "`service/none.py`: no such file or folder"),
        (missing_paths, "see `tests/none/`", "`tests/none/`: no such file or folder"),
        (missing_paths, "see `workers/media/`", "`workers/media/`: no such file or folder"),
        (missing_paths, "see `none.py`", "`none.py`: no such file or folder"),
        (missing_paths, "see `test_none_*.py`", "`test_none_*.py`: no such file or folder"),
        (missing_paths, "see `gone/videos.py`", "`gone/videos.py`: no such file or folder"),
        (missing_modules, "`python -m worker.none --help`", "python -m worker.none: no such command"),
        (missing_modules, "```sh\n.venv/bin/python -m alarms.none\n```", "python -m alarms.none: no such command"),
        (missing_targets, "`make none`", "make none: no such target"),
        (missing_targets, "```sh\nmake none   # x\n```", "make none: no such target"),
        (unknown_settings, "`ANB_NONE=1`", "ANB_NONE: no such setting"),
        (unknown_settings, "`ANB_NONE_…_MAX`", "ANB_NONE_…_MAX: no such setting"),
        (unknown_settings, "`sqs_none`", "sqs_none: no such setting"),
    ],
)
def test_a_name_that_does_not_exist_is_found(check: Check, text: str, said: str) -> None:
    assert list(check(text, ROOT / "docs" / "ALARMS.md")) == [said]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (dead_links, "[x](https://example.com/a#b) `[x](NOWHERE.md)`\n```\n[x](NOWHERE.md)\n```"),
        (dead_links, "## Two words, and a comma\n## Two words, and a comma\n[x](#two-words-and-a-comma-1)"),
        (missing_paths, "`/api/videos` `video/mp4` `.local/demo/emf.log` `processed/{video}/{fence}.mp4` `10/60`"),
        (
            missing_paths,
            "`service/app.py` `worker/media/` `test_votes.py` `alarms/definitions/tests/NAME.json` `infra/*.yaml`",
        ),
        (missing_modules, "`python -m pytest` `python -m worker.doctor` `sudo instance/run worker.doctor`."),
        (missing_targets, "make sure that `make test ARGS=x` works"),
        (unknown_settings, "`ANB_LIMIT_…_ADDRESS=off` `ANB_BUCKET` `sqs_queue_url`"),
    ],
)
def test_existing_names_and_other_texts_pass(check: Check, text: str) -> None:
    assert list(check(text, ROOT / "docs" / "ALARMS.md")) == []
