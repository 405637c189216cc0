"""Stubs of the programs that an EC2 instance has and this machine lacks. Each records its calls and answers simply.

A stub is a small shell script in a folder that comes first on the PATH.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

AWS = """
case "$*" in
  *"s3 cp"*) cp "$STUB_RELEASE" "${@: -1}" ;;
  *get-parameters-by-path*)
    printf '/anb/settings/%s\\t%s\\n' sqs_queue_url https://sqs/anb-videos ANB_BUCKET anb-media ;;
  *"get-parameter "*database-host*) echo db.example.com ;;
  *"get-parameter "*-secret*) echo arn:secret ;;
  *get-secret-value*) echo '{"username": "anb", "password": "p/w d@1"}' ;;
  *CONTINUE*)  # the answer of Auto Scaling once the hook is completed
    test ! -e "$ANB_ROOT/in-service" || { echo "No active Lifecycle Action found with instance ID" >&2; exit 254; }
    touch "$ANB_ROOT/in-service" ;;
esac
"""
CURL = 'case "$*" in *instance-id*) echo i-0123456789abcdef0 ;; *) echo token ;; esac'
VENV = """
mkdir -p "$3/bin"
printf '#!/bin/bash\\ntest "$1" = -m || exec %s "$@"\\n' "$REAL_PYTHON" >"$3/bin/python"
chmod +x "$3/bin/python"
"""  # a fake virtual environment, because most tests do not need the packages
INSTALL = """
kept=()
while [ $# -gt 0 ]; do case "$1" in -o|-g) shift 2 ;; *) kept+=("$1"); shift ;; esac; done
exec /usr/bin/install "${kept[@]}"
"""  # without -o and -g, because this machine has no user anb


class Instance:
    """A scratch root with the stubs of an instance; ``run`` runs a script in it.

    With ``installs``, its virtual environment is a real one, which takes seconds to make.
    """

    def __init__(self, root: Path, *, installs: bool) -> None:
        self.root = root
        self._calls = root / "calls"
        self._bin = root / "stubs"
        for folder in ("stubs", "opt/anb", "run", "var/log"):
            (root / folder).mkdir(parents=True)
        self._failing = root / "failing"
        self._failing.touch()
        self._stub("aws", AWS)
        self._stub("curl", CURL)
        self._stub("install", INSTALL)
        self._stub("id", "")
        self._stub("python3.11", f'exec {sys.executable} "$@"' if installs else VENV)
        for name in ("dnf", "systemctl", "sysctl", "systemd-run", "sleep"):
            self._stub(name, "")
        agent = root / "opt/aws/amazon-cloudwatch-agent/bin"
        agent.mkdir(parents=True)
        self._write(agent / "amazon-cloudwatch-agent-ctl", "agent", "")

    def fail(self, call: str) -> None:
        """From now on, every call that contains this text fails."""
        self._failing.write_text(call)

    def _stub(self, name: str, body: str) -> None:
        self._write(self._bin / name, name, body)

    def _write(self, path: Path, name: str, body: str) -> None:
        recording = f'echo "{name} $*" >>{self._calls}\nif grep -qFf {self._failing} <<<"{name} $*"; then exit 1; fi'
        path.write_text(f"#!/bin/bash\n{recording}\n{body}\n")
        path.chmod(0o755)

    def run(self, script: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a script with ANB_ROOT, so that the paths of the instance are below the scratch root."""
        environment = {"PATH": f"{self._bin}:{os.defpath}", "ANB_ROOT": str(self.root), "HOME": str(self.root)}
        environment["REAL_PYTHON"] = sys.executable
        return subprocess.run(
            ["/bin/bash", script, *arguments],
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def calls(self, name: str) -> list[str]:
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return [line for line in lines if line.split()[0] == name]

    def answers(self) -> list[str]:
        """The calls that answered the launch hook."""
        return [call for call in self.calls("aws") if "complete-lifecycle-action" in call]

    def settings(self) -> dict[str, str]:
        """The environment of a service. A later line replaces an earlier one, as in systemd."""
        lines = (self.root / "run/anb/environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def agent_configuration(self) -> object:
        return json.loads((self.root / "opt/aws/amazon-cloudwatch-agent/etc/anb.json").read_text())
