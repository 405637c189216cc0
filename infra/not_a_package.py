"""The build backend that pyproject.toml names: it tells ``pip install`` that there is nothing to install.

Without it, setuptools would stop at the many folders of the repository with an error that does not say so. A release is
an archive that is unpacked (infra/make-release), never a wheel.
"""

from typing import NoReturn

SENTENCES = (
    "anb-rising-stars-showcase is an application, not a package, so pip cannot install it. "
    "Run `make demo` to see it work, or `make test` to set up .venv for development (CONTRIBUTING.md says more)."
)


def refuse(*_: object, **__: object) -> NoReturn:
    """Every hook of PEP 517 and PEP 660: pip calls one of them first, and prints this."""
    raise SystemExit(SENTENCES)


get_requires_for_build_sdist = get_requires_for_build_wheel = get_requires_for_build_editable = refuse
build_sdist = build_wheel = build_editable = refuse
