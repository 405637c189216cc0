"""The packages that the product needs at run time, with version, licence and address, from their installed metadata."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# The environment of an instance of infra/. Markers of requirements are evaluated for it, and not for this machine.
PLATFORM = {
    "python_version": "3.11",
    "python_full_version": "3.11.0",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "sys_platform": "linux",
    "os_name": "posix",
}
# Licences that have no SPDX name in the metadata, or a wrong one; read from the LICENSE file of the package.
SPDX_BY_PACKAGE = {
    # The BSD licence covers all of it. The Apache licence covers the parts that were written since December 2017.
    "python-dateutil": "BSD-3-Clause AND (Apache-2.0 OR BSD-3-Clause)",
    # With an exception that allows linking with OpenSSL.
    "psycopg2-binary": "LGPL-3.0-or-later",
    # The metadata names only the licence of the Python code, not that of the ffmpeg in the wheel.
    "imageio-ffmpeg": "BSD-2-Clause AND GPL-3.0-or-later",
}
SPDX_BY_NAME = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "BSD-3-Clause": "BSD-3-Clause",
    "MIT": "MIT",
    "MIT License": "MIT",
    "PSF-2.0": "PSF-2.0",
    "ZPL 2.1": "ZPL-2.1",
}
ADDRESS_LABELS = ("homepage", "home", "source", "source code", "repository", "code", "github")


class LicenseError(Exception):
    """A package or a wheel lacks what a release must say about it; the text names it."""


@dataclass(frozen=True, slots=True)
class RuntimePackage:
    """One row of THIRD_PARTY.md. ``license`` is an SPDX expression."""

    name: str
    version: str
    license: str
    address: str


def runtime_packages(requirements: Path) -> list[RuntimePackage]:
    """The packages of a requirements file and everything that they require, by name.

    Raises LicenseError if one is not installed, or if its metadata has no licence or address.
    """
    return [
        RuntimePackage(name, found.version, spdx_license(name, found.metadata), address(name, found.metadata))
        for name, found in sorted(_closure(requirements).items())
    ]


def _closure(requirements: Path) -> dict[str, Distribution]:
    lines = (line.strip() for line in requirements.read_text().splitlines())
    waiting = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    seen: set[tuple[str, frozenset[str]]] = set()
    found: dict[str, Distribution] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            raise LicenseError(f"{name} is not installed: make test installs it") from None
        waiting += _required(found[name], requirement.extras or {""})
    return found


def _required(package: Distribution, extras: set[str]) -> Iterator[Requirement]:
    environment = {key: str(value) for key, value in default_environment().items()} | PLATFORM
    for requirement in map(Requirement, package.requires or []):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in extras):
            yield requirement


def spdx_license(name: str, metadata: PackageMetadata) -> str:
    """The SPDX expression of a package: its own, or what its licence field or its classifiers mean.

    Raises LicenseError if none of them is known.
    """
    if known := SPDX_BY_PACKAGE.get(name):
        return known
    if expressions := metadata.get_all("License-Expression"):
        return str(expressions[0])
    classifiers = metadata.get_all("Classifier") or []
    stated = metadata.get_all("License") or []
    stated += [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License ::")]
    for text in stated:
        if text in SPDX_BY_NAME:
            return SPDX_BY_NAME[text]
    raise LicenseError(
        f"{name} states no known licence ({', '.join(stated) or 'none'}): add it to {Path(__file__).name}"
    )


def address(name: str, metadata: PackageMetadata) -> str:
    """The web address of the project. Raises LicenseError if the package does not say it."""
    pairs = (each.split(", ", 1) for each in metadata.get_all("Project-URL") or [])
    labelled = {str(label).lower(): str(url) for label, url in pairs}
    for label in ADDRESS_LABELS:
        if label in labelled:
            return labelled[label]
    if home_pages := metadata.get_all("Home-page"):
        return str(home_pages[0])
    raise LicenseError(f"{name} does not say where its project is")
