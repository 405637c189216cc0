"""``python -m local.third_party``: the table of THIRD_PARTY.md, and the licences that a release archive carries."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from local.third_party.runtime_packages import LicenseError, RuntimePackage, runtime_packages
from local.third_party.wheel_licenses import collect_licenses

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "THIRD_PARTY.md"
REQUIREMENTS = ROOT / "requirements.txt"
TABLE = re.compile(r"(?<=<!-- python -m local.third_party table -->\n).*?(?=<!-- end -->)", re.DOTALL)
TEXTS = Path("/usr/share/common-licenses")  # where Debian and Ubuntu keep them

DESCRIPTION = """\
Say which packages the product needs at run time and under which licences, from the metadata of the installed packages.
"""
EXAMPLES = [
    ("table", "print the table of THIRD_PARTY.md"),
    ("table --write", "write it there"),
    ("licenses dist/anb-0.1.0", "what infra/make-release runs: fill its folder licenses/ from its wheels/"),
]
EXIT_CODES = {ExitCode.FAILED: "a package or a wheel lacks a licence, or the wheels are not those of THIRD_PARTY.md"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print or write the table, or collect licences, and return an ExitCode."""
    parser = command_parser("local.third_party", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for_table = actions.add_parser("table", help="the packages of requirements.txt and all that they require")
    for_table.add_argument("--write", action="store_true", help="replace the table in THIRD_PARTY.md")
    for_release = actions.add_parser(
        "licenses", help="put the licences of a release's wheels into its folder licenses/"
    )
    for_release.add_argument("release", type=Path, help="folder with wheels/ and THIRD_PARTY.md")
    texts_help = f"folder with the texts GPL-3 and LGPL-3 (default: {TEXTS})"
    for_release.add_argument("--texts", type=Path, default=TEXTS, metavar="FOLDER", help=texts_help)
    asked = parser.parse_args(arguments)
    screen = Screen()
    try:
        if asked.action == "licenses":
            screen.line(f"{collect_licenses(asked.release, asked.texts)} licence files")
        elif asked.write:
            text = "".join(f"{row}\n" for row in table(runtime_packages(REQUIREMENTS)))
            DOCUMENT.write_text(TABLE.sub(lambda _: text, DOCUMENT.read_text()))
        else:
            screen.line("\n".join(table(runtime_packages(REQUIREMENTS))))
    except LicenseError as error:
        screen.fail(str(error))
        return ExitCode.FAILED
    except OSError as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    return ExitCode.DONE


def table(packages: Sequence[RuntimePackage]) -> Iterator[str]:
    """Rows of a Markdown table."""
    yield "| package | version | licence (SPDX) | project |"
    yield "| --- | --- | --- | --- |"
    for package in packages:
        yield f"| {package.name} | {package.version} | {package.license} | <{package.address}> |"


if __name__ == "__main__":
    sys.exit(main())
