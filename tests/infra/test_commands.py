"""Every ``aws`` command in the scripts and in the guide uses a service, a call and options that exist."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore import xform_name

from tests.infra.templates import INFRA
from tests.infra.test_instance import ROLES, VALUES, user_data

GUIDE = INFRA.parent / "docs" / "AWS_DEPLOYMENT_GUIDE.md"
SCRIPTS = ("instance/read-settings", "deploy-plan")
GLOBAL_OPTIONS = {"query", "output"}
# Commands of the CLI that are not calls of a service, with the options that are used here.
OWN_COMMANDS = {
    "s3 cp": {"no-progress"},
    "cloudformation deploy": {
        *("stack-name", "template-file", "capabilities", "no-fail-on-empty-changeset", "parameter-overrides"),
    },
    "cloudformation wait": {"stack-name", "change-set-name"},
}


def shell_of_the_guide() -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL))


def inline_commands_of_the_guide() -> str:
    """The commands in the middle of a sentence."""
    inline = re.findall(r"`(aws [^`]+)`", re.sub(r"```.*?```", "", GUIDE.read_text(), flags=re.DOTALL))
    return "\n".join(" ".join(command.split()) for command in inline)


SHELL = {
    "the guide": shell_of_the_guide(),
    "inline commands of the guide": inline_commands_of_the_guide(),
    # The script calls "aws cloudformation" through its function "keys".
    **{script: re.sub(r"\bkeys '[^']+'", "aws cloudformation", (INFRA / script).read_text()) for script in SCRIPTS},
    **{f"user data of {role}": user_data(role, {**VALUES, "ReleaseSha256": "0" * 64}) for role in ROLES},
}


def commands(shell: str) -> Iterator[tuple[str, str, list[str]]]:
    """(service, call, options) of every ``aws …`` in the text."""
    for found in re.finditer(r"\baws ([a-z0-9-]+) ([a-z0-9-]+)([^\n|;()&]*)", shell.replace("\\\n", " ")):
        options = re.findall(r"(?<=\s)--([a-z0-9-]+)", found[3])
        yield found[1], found[2], options


def options_of(service: str, call: str) -> set[str] | None:
    """The options of the call in boto3's model of the service; None if it has no such call."""
    if service not in boto3.session.Session().get_available_services():
        return None
    model = boto3.client(service, region_name="us-east-1").meta.service_model  # type: ignore[call-overload]
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if call not in names:
        return None
    shape = model.operation_model(names[call]).input_shape
    return {xform_name(member, "-") for member in shape.members} if shape else set()


@pytest.mark.parametrize("where", SHELL)
def test_every_command_exists_with_its_options(where: str) -> None:
    found = list(commands(SHELL[where]))
    assert found
    for service, call, options in found:
        known = OWN_COMMANDS.get(f"{service} {call}") or options_of(service, call)
        assert known is not None, f"aws {service} {call}"
        assert set(options) <= known | GLOBAL_OPTIONS, f"aws {service} {call}"


def test_a_wrong_command_is_found() -> None:
    ((service, call, options),) = commands("x=$(aws ec2 get-console-outputs --instance i-1)")
    assert options_of(service, call) is None and options == ["instance"]
    assert "instance" not in (options_of("ec2", "get-console-output") or ())


def test_shellcheck_accepts_the_commands_of_the_guide(tmp_path: Path) -> None:
    script = tmp_path / "guide"
    script.write_text("#!/bin/bash\n" + shell_of_the_guide().replace("…", "x"))
    command = [str(Path(sys.executable).parent / "shellcheck"), "--severity=warning", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_make_target_and_module_of_the_guide_exists() -> None:
    text = GUIDE.read_text()
    makefile = (INFRA.parent / "Makefile").read_text()
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE):
        assert f"\n{target}:" in makefile, target
    for module in re.findall(r"(?:python -m|instance/run) ([a-z_.]+)", text):
        path = INFRA.parent / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
    for stack in re.findall(r"^deploy ([a-z]+)", shell_of_the_guide(), re.MULTILINE):
        assert (INFRA / f"{stack}.yaml").is_file(), stack
