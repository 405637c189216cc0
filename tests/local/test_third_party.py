"""THIRD_PARTY.md names what a release ships, and a release without a licence is not made."""

import re
import subprocess
from email.message import Message
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import imageio_ffmpeg
import pytest

from local.third_party.__main__ import DOCUMENT, REQUIREMENTS, TABLE, main, table
from local.third_party.runtime_packages import LicenseError, address, runtime_packages, spdx_license
from local.third_party.wheel_licenses import license_place


def metadata_of(**fields: str) -> Message:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def test_the_document_names_every_runtime_package_with_its_version_and_licence() -> None:
    written = TABLE.search(DOCUMENT.read_text())
    assert written
    expected = list(table(runtime_packages(REQUIREMENTS)))
    assert written.group().splitlines() == expected, "python -m local.third_party table --write"


def test_every_requirement_is_among_the_packages() -> None:
    names = {package.name for package in runtime_packages(REQUIREMENTS)}
    pinned = re.findall(r"^([\w-]+)==", REQUIREMENTS.read_text(), re.MULTILINE)
    assert pinned and {name.lower() for name in pinned} <= names
    assert "botocore" in names, "what a requirement requires belongs to them"


def test_a_package_without_a_licence_is_an_error() -> None:
    with pytest.raises(LicenseError, match="states no known licence"):
        spdx_license("nameless", metadata_of(License="Do what you like"))  # type: ignore[arg-type]
    with pytest.raises(LicenseError, match="where its project is"):
        address("nameless", metadata_of(Name="nameless"))  # type: ignore[arg-type]


def test_a_requirement_that_is_not_installed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# a comment\nno-such-package==1.0\n")
    with pytest.raises(LicenseError, match="no-such-package is not installed"):
        runtime_packages(tmp_path / "requirements.txt")


def test_the_document_describes_the_ffmpeg_of_the_wheel() -> None:
    text, program = DOCUMENT.read_text(), imageio_ffmpeg.get_ffmpeg_exe()
    version = subprocess.run([program, "-version"], capture_output=True, text=True, check=True).stdout
    build = version.split()[2]
    assert f"`{build}`" in text
    assert f"commit `{build.split('-g')[1].split('-')[0]}`" in text
    for shown in ("--enable-gpl", "--enable-version3", "/ffbuild/prefix", "x86_64-ffbuild-linux-gnu-"):
        assert shown in version and f"`{shown}`" in text
    assert "--enable-nonfree" not in version
    licence = subprocess.run([program, "-L"], capture_output=True, text=True, check=True).stdout
    assert "GNU General Public License" in licence and "either version 3" in licence


@pytest.mark.parametrize(
    ("member", "place"),
    [
        ("a-1.dist-info/licenses/LICENSE", "LICENSE"),
        ("a-1.dist-info/licenses/vendor/b/COPYING", "vendor/b/COPYING"),
        ("a-1.dist-info/LICENSE.txt", "LICENSE.txt"),
        ("a-1.dist-info/NOTICE", "NOTICE"),
        ("a-1.dist-info/METADATA", None),
        ("a-1.dist-info/licenses/../../../../etc/LICENSE", None),
        ("a/LICENSE", None),
    ],
)
def test_the_licences_of_a_wheel_lie_in_its_dist_info(member: str, place: str | None) -> None:
    assert license_place(PurePosixPath(member)) == (PurePosixPath(place) if place else None)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The folder of a release with one wheel, and the texts beside it."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "GPL-3").write_text("   GNU GENERAL PUBLIC LICENSE\n   Version 3")
    (tmp_path / "texts" / "LGPL-3").write_text("   GNU LESSER GENERAL PUBLIC LICENSE\n   Version 3")
    folder = tmp_path / "anb"
    (folder / "wheels").mkdir(parents=True)
    (folder / "THIRD_PARTY.md").write_text("| package | version |\n| --- | --- |\n| some-thing | 1.0 | MIT |\n")
    write_wheel(folder, "licenses/LICENSE", "licenses/vendor/other/LICENSE")
    return folder


def write_wheel(release: Path, *licenses: str) -> None:
    with ZipFile(release / "wheels" / "some_thing-1.0-py3-none-any.whl", "w") as wheel:
        for member in ("METADATA", *licenses):
            wheel.writestr(f"some_thing-1.0.dist-info/{member}", member)


def collect(release: Path) -> int:
    return main(["licenses", str(release), "--texts", str(release.parent / "texts")])


def test_a_release_carries_the_licences_of_its_wheels_and_the_gpl(release: Path) -> None:
    assert collect(release) == 0
    folder = release / "licenses"
    files = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    assert files == {
        "GPL-3.txt",
        "LGPL-3.txt",
        "some-thing-1.0/LICENSE",
        "some-thing-1.0/vendor/other/LICENSE",
    }


def test_a_release_without_the_text_of_the_gpl_is_not_made(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (release.parent / "texts" / "GPL-3").write_text("404")
    assert collect(release) == 1
    assert "is not the text of the GPL-3" in capsys.readouterr().err


def test_a_wheel_without_a_licence_is_not_shipped(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_wheel(release)
    assert collect(release) == 1
    assert "some_thing-1.0-py3-none-any.whl has no licence file" in capsys.readouterr().err


def test_wheels_that_the_document_does_not_name_are_not_shipped(
    release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (release / "THIRD_PARTY.md").write_text("| package | version |\n| --- | --- |\n| some-thing | 1.1 | MIT |\n")
    assert collect(release) == 1
    assert "differ: some-thing 1.0, some-thing 1.1" in capsys.readouterr().err
