"""The scripts of an instance, run in a scratch root with a stub of AWS: user data, install, settings, units."""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from service.settings import ApiSettings
from tests.infra.stubs import Instance
from tests.infra.templates import INFRA, template

ROLES = ("api", "worker")
RELEASE = "1.2.3"
EXPOSURE_MAX = 3.0
INSTALL_SECONDS = 300  # until the service is started: the packages of the system and of the release
VALUES = {
    "AWS::Region": "us-east-1",
    "Prefix": "anb",
    "Release": RELEASE,
    "Releases": "anb-releases",
    "DrainSeconds": "120",
    "CorsOrigins": "",
}
SCRIPTS = ("instance/install", "instance/read-settings", "instance/run", "make-release", "deploy-plan")


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path / "root", installs=False)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """An archive with the real scripts and units, but without packages."""
    tree = tmp_path / f"anb-{RELEASE}"
    shutil.copytree(INFRA / "instance", tree / "instance")
    (tree / "wheels").mkdir()
    (tree / "requirements.txt").touch()
    (tree / "VERSION").write_text(RELEASE)
    archive = tmp_path / "release.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tree, tree.name)
    return archive


def user_data(role: str, values: Mapping[str, str]) -> str:
    """The user data with its parameters filled in, as CloudFormation passes it to an instance."""
    launch = template(role)["Resources"]["Template"]["Properties"]["LaunchTemplateData"]
    text = str(launch["UserData"]["Fn::Base64"]["Fn::Sub"])
    return re.sub(r"\$\{([A-Za-z0-9:]+)\}", lambda match: values[match.group(1)], text)


def values_of(release: Path) -> dict[str, str]:
    return {**VALUES, "ReleaseSha256": hashlib.sha256(release.read_bytes()).hexdigest()}


def boot(instance: Instance, role: str, release: Path, **values: str) -> "subprocess.CompletedProcess[str]":
    script = instance.root / "user-data"
    text = user_data(role, {**values_of(release), **values})
    script.write_text(text.replace("/opt/anb", f"{instance.root}/opt/anb").replace("/dev/console", "/dev/null"))
    return instance.run(str(script), STUB_RELEASE=str(release))


@pytest.mark.parametrize("role", ROLES)
def test_an_instance_sets_itself_up_and_can_repeat_it(tmp_path: Path, release: Path, role: str) -> None:
    instance = Instance(tmp_path / "root", installs=True)
    for _ in range(2):  # the second time, the launch hook is already completed
        done = boot(instance, role, release)
        assert done.returncode == 0, done.stdout + done.stderr
    answers = instance.answers()
    assert len(answers) == 2
    assert all(call.endswith("--lifecycle-action-result CONTINUE") for call in answers)
    assert f"--auto-scaling-group-name anb-{role}-asg" in answers[0]
    assert f"systemctl restart anb-{role}.service" in instance.calls("systemctl")
    assert (instance.root / f"etc/systemd/system/anb-{role}.service").is_file()
    assert (instance.root / "opt/anb/current").resolve() == instance.root / "opt/anb" / RELEASE
    shipped = str(instance.agent_configuration())
    assert f"/var/log/anb/{role}-emf.log" in shipped
    assert "anb-rising-stars" in shipped
    assert f"'/var/log/anb-processes/{role}.log', 'log_group_name': 'anb-processes'" in shipped


@pytest.mark.parametrize("role", ROLES)
def test_an_instance_with_the_wrong_archive_abandons_its_launch_hook(
    instance: Instance, release: Path, role: str
) -> None:
    done = boot(instance, role, release, ReleaseSha256="0" * 64)
    assert done.returncode != 0
    (answer,) = instance.answers()
    assert answer.endswith("--lifecycle-action-result ABANDON")
    assert instance.calls("systemctl") == []


@pytest.mark.parametrize(
    ("role", "call"),
    [
        ("worker", "aws s3 cp"),
        ("worker", "dnf install"),
        ("worker", "python3.11 -m venv"),
        ("worker", "agent -a fetch-config"),
        ("worker", "start anb-worker.service"),
        ("api", "start anb-api.service"),
        ("api", "http://127.0.0.1:8080/api/health/ready"),
    ],
)
def test_an_instance_on_which_a_step_fails_abandons_its_launch_hook(
    instance: Instance, release: Path, role: str, call: str
) -> None:
    instance.fail(call)
    assert boot(instance, role, release).returncode != 0
    (answer,) = instance.answers()
    assert answer.endswith("--lifecycle-action-result ABANDON")


@pytest.mark.parametrize("call", ["start anb-api.service", "http://127.0.0.1:8080/api/health/ready"])
def test_the_console_ends_with_the_log_of_the_service(instance: Instance, release: Path, call: str) -> None:
    log = instance.root / "var/log/anb-processes/api.log"
    log.parent.mkdir(parents=True)
    log.write_text("The database lacks videos.fence\n")
    instance.fail(call)
    assert boot(instance, "api", release).stdout.endswith("The database lacks videos.fence\n")


def test_a_service_whose_start_fails_once_is_started_again(instance: Instance, release: Path) -> None:
    """Its dependencies may be unavailable for a moment."""
    instance.fail("systemctl restart anb-api.service")
    assert boot(instance, "api", release).returncode == 0
    assert instance.calls("systemctl")[-1] == "systemctl start anb-api.service"


def test_a_hook_that_cannot_be_completed_is_not_taken_for_a_completed_one(instance: Instance, release: Path) -> None:
    instance.fail("--lifecycle-action-result CONTINUE")
    assert boot(instance, "worker", release).returncode != 0


@pytest.mark.parametrize(
    "call",
    [
        "aws ssm get-parameters-by-path",
        "database-host",
        "data/database-secret",
        "get-secret-value",
        "data/token-secret",
    ],
)
def test_a_setting_that_cannot_be_read_ends_the_start_and_keeps_the_old_settings(
    instance: Instance, release: Path, call: str
) -> None:
    assert boot(instance, "api", release).returncode == 0
    read_settings = str(instance.root / "opt/anb/current/instance/read-settings")
    assert instance.run(read_settings).returncode == 0
    before = instance.settings()
    instance.fail(call)
    assert instance.run(read_settings).returncode != 0
    assert instance.settings() == before


def test_an_operators_command_runs_like_the_service(instance: Instance) -> None:
    assert instance.run(str(INFRA / "instance/run"), "worker.doctor", "--json").returncode == 0
    (call,) = instance.calls("systemd-run")
    assert "--uid=anb" in call and "EnvironmentFile=/run/anb/environment" in call
    assert call.endswith("/opt/anb/current/venv/bin/python -m worker.doctor --json")
    assert instance.run(str(INFRA / "instance/run")).returncode != 0


def test_settings_come_from_aws_and_those_of_the_template_take_precedence(instance: Instance, release: Path) -> None:
    assert boot(instance, "worker", release).returncode == 0
    done = instance.run(str(instance.root / "opt/anb/current/instance/read-settings"))
    assert done.returncode == 0, done.stderr
    settings = instance.settings()
    assert settings["ANB_DATABASE_URL"] == "postgresql://anb:p%2Fw%20d%401@db.example.com/anb?sslmode=require"
    assert settings["sqs_queue_url"] == "https://sqs/anb-videos"
    assert settings["ANB_LIFECYCLE_HOOK"] == "anb-worker-drain"
    assert settings["ANB_EMF_DESTINATION"] == "file:/var/log/anb/worker-emf.log"
    assert "ANB_JWT_SECRET" not in settings, "a worker signs no tokens"
    environment = instance.root / "run/anb/environment"
    assert environment.stat().st_mode & 0o777 == 0o600
    assert environment.parent.stat().st_mode & 0o777 == 0o700
    assert "p/w" not in done.stdout + done.stderr


def test_user_data_names_the_hooks_and_groups_of_the_template() -> None:
    for role in ROLES:
        group = template(role)["Resources"]["Group"]["Properties"]
        hooks = {hook["LifecycleHookName"]["Fn::Sub"] for hook in group["LifecycleHookSpecificationList"]}
        launch = template(role)["Resources"]["Template"]["Properties"]["LaunchTemplateData"]
        text = str(launch["UserData"]["Fn::Base64"]["Fn::Sub"])
        assert all(hook in text for hook in hooks)
        assert group["AutoScalingGroupName"]["Fn::Sub"] in text


@pytest.mark.parametrize("script", [*SCRIPTS, *(f"user data of {role}" for role in ROLES)])
def test_shellcheck_finds_nothing(script: str, release: Path, tmp_path: Path) -> None:
    path = INFRA / script
    if script not in SCRIPTS:
        path = tmp_path / "user-data"
        path.write_text(user_data(script.rsplit(maxsplit=1)[-1], values_of(release)))
    command = [str(Path(sys.executable).parent / "shellcheck"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("role", ROLES)
def test_a_unit_is_hardened(role: str) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", str(INFRA / f"instance/anb-{role}.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    match = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert match and float(match.group(1)) <= EXPOSURE_MAX, done.stdout + done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_systemd_accepts_a_unit(role: str, tmp_path: Path) -> None:
    """The programs of the unit exist only on an instance, so /bin/true replaces them here."""
    text = (INFRA / f"instance/anb-{role}.service").read_text()
    unit = tmp_path / f"anb-{role}.service"
    unit.write_text(re.sub(r"/opt/anb/current/(\S*read-settings|\S*python)", "/bin/true", text))
    command = ["systemd-analyze", "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_balancer_closes_an_idle_connection_before_the_api_does() -> None:
    """Otherwise the balancer sends a request into a connection that is being closed, and answers 502."""
    api = template("api")["Resources"]
    attributes = {each["Key"]: each["Value"] for each in api["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]}
    (idle,) = re.findall(r"ANB_API_IDLE_SECONDS=(\d+)", user_data("api", {**VALUES, "ReleaseSha256": ""}))
    assert int(idle) > int(attributes["idle_timeout.timeout_seconds"])
    targets = {each["Key"]: each["Value"] for each in api["Targets"]["Properties"]["TargetGroupAttributes"]}
    slowest_upload = ApiSettings.model_fields["body_seconds"].default
    assert float(targets["deregistration_delay.timeout_seconds"]) >= slowest_upload


@pytest.mark.parametrize("role", ROLES)
def test_a_service_is_always_restarted_and_its_start_ends_before_the_launch_hook(role: str) -> None:
    unit = (INFRA / f"instance/anb-{role}.service").read_text()
    assert "Type=notify" in unit and "StartLimitIntervalSec=0" in unit
    (watchdog,) = re.findall(r"WatchdogSec=(\d+)", unit)
    assert int(watchdog) > 0
    commands = re.findall(r"^Exec(?:StartPre|Start)=", unit, re.MULTILINE)
    start = len(commands) * int(
        (re.findall(r"TimeoutStartSec=(\d+)", unit) or ["90"])[0]
    )  # the timeout applies to each command
    (hook,) = (
        hook["HeartbeatTimeout"]
        for hook in template(role)["Resources"]["Group"]["Properties"]["LifecycleHookSpecificationList"]
        if hook["LifecycleTransition"].endswith("LAUNCHING")
    )
    assert start + INSTALL_SECONDS <= hook, "an instance that never gets ready abandons its launch hook by itself"


@pytest.mark.parametrize("role", ROLES)
def test_root_opens_no_file_in_a_folder_that_a_service_can_write_to(role: str) -> None:
    """``EnvironmentFile`` also applies to commands with a plus sign, which run as root. Root also opens the logs."""
    unit = (INFRA / f"instance/anb-{role}.service").read_text()
    assert re.findall(r"^ExecStartPre=\+(\S+)$", unit, re.MULTILINE) == ["/opt/anb/current/instance/read-settings"]
    opened = re.findall(r"^(?:EnvironmentFile=-|StandardError=append:)(\S+)$", unit, re.MULTILINE)
    assert len(opened) == 2
    places = {"Runtime": "/run", "State": "/var/lib", "Logs": "/var/log", "Cache": "/var/cache"}
    for kind, place in places.items():
        for name in re.findall(rf"^{kind}Directory=(\S+)$", unit, re.MULTILINE):
            assert not [path for path in opened if path.startswith(f"{place}/{name}/")]


def test_the_unit_waits_longer_than_the_worker_drains() -> None:
    unit = (INFRA / "instance/anb-worker.service").read_text()
    drain = template("worker")["Parameters"]["DrainSeconds"]["Default"]
    (stop,) = re.findall(r"TimeoutStopSec=(\d+)", unit)
    assert int(stop) >= drain + 60, "time for the running poll, the hand-back and the close"
