"""Takes the licences out of the wheels of a release, and compares the wheels with THIRD_PARTY.md."""

import re
import shutil
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from packaging.utils import parse_wheel_filename

from local.third_party.runtime_packages import LicenseError

# Texts that no wheel has, though the packages need them: ffmpeg's licence, and psycopg2's.
FULL_TEXTS = {"GPL-3": "GNU GENERAL PUBLIC LICENSE", "LGPL-3": "GNU LESSER GENERAL PUBLIC LICENSE"}
ROW = re.compile(r"^\| (\S+) \| (\S+) \|", re.MULTILINE)
LICENSE_FILE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", re.IGNORECASE)


def collect_licenses(release: Path, texts: Path) -> int:
    """Fill ``release/licenses`` from ``release/wheels``, and return the number of files.

    ``texts`` is a folder with GPL-3 and LGPL-3. Raises LicenseError if a text is missing, if a wheel has no licence, or
    if the wheels are not those of ``release/THIRD_PARTY.md``.
    """
    target = release / "licenses"
    for name, title in FULL_TEXTS.items():
        source = texts / name
        if not source.is_file() or not source.read_text().lstrip().startswith(title):
            raise LicenseError(
                f"{source} is not the text of the {name}, which must go with a release because ffmpeg and psycopg2 are "
                "in it. Save the texts of https://www.gnu.org/licenses/ as GPL-3 and LGPL-3, and name their folder."
            )
        target.mkdir(exist_ok=True)
        shutil.copyfile(source, target / f"{name}.txt")
    shipped = {_unpack_licenses(wheel, target) for wheel in sorted((release / "wheels").glob("*.whl"))}
    stated = set(ROW.findall((release / "THIRD_PARTY.md").read_text())) - {("package", "version"), ("---", "---")}
    if shipped != stated:
        unlike = ", ".join(" ".join(each) for each in sorted(shipped ^ stated))
        raise LicenseError(f"THIRD_PARTY.md and the wheels differ: {unlike}. python -m local.third_party table --write")
    return sum(1 for each in target.rglob("*") if each.is_file())


def _unpack_licenses(wheel: Path, target: Path) -> tuple[str, str]:
    """Write the licences of a wheel to a folder of its own, and return its name and version."""
    name, version, _, _ = parse_wheel_filename(wheel.name)
    folder = target / f"{name}-{version}"
    with ZipFile(wheel) as archive:
        for member in archive.namelist():
            place = license_place(PurePosixPath(member))
            if place and not member.endswith("/"):
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                (folder / place).write_bytes(archive.read(member))
    if not folder.is_dir():
        raise LicenseError(f"{wheel.name} has no licence file")
    return name, str(version)


def license_place(member: PurePosixPath) -> PurePosixPath | None:
    """Where a file of a wheel belongs in the wheel's folder of licences; None if it is not a licence.

    Licences lie in ``NAME.dist-info/licenses/`` (PEP 639) or, in older wheels, in ``NAME.dist-info/`` itself.
    """
    if not member.parts[0].endswith(".dist-info") or ".." in member.parts:
        return None
    inside = PurePosixPath(*member.parts[1:])
    if inside.parts[:1] == ("licenses",):
        return inside.relative_to("licenses")
    return inside if len(inside.parts) == 1 and LICENSE_FILE.match(inside.name) else None
