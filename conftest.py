"""The fixtures of tests/, for every folder of tests; and the options of ``make test-quick`` and ``make campaigns``."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.fixtures", "tests.faults.fixtures"]

# Servers, encoders and processes take long to start, and most faults are found without them.
SLOW_FIXTURES = {"postgres", "postgres_url", "ministack", "encoder", "clips", "system", "make_system"}
# Without the tests with slow fixtures, these files take most of the CPU time (measured).
SLOW_PATHS = (
    *("tests/local/", "tests/soak/", "tests/infra/", "tests/benchmarks/", "celery_bridge/", "tests/architecture/"),
    *("tests/worker/two_emulators/", "tests/worker/redrive/", "tests/worker/doctor/", "tests/worker/test_command_line"),
    *("tests/alarms/sync/test_sync", "tests/alarms/check/test_renaming", "tests/showcase/jobs/test_job_machine"),
    *("tests/service/test_nasty_input", "tests/service/test_settings_in_force", "tests/service/test_watchdog"),
    *("tests/service/http_server/", "tests/service/test_route_limits", "tests/test_commands", "tests/test_checkout"),
    *("tests/sabotage/", "tests/faults/", "tests/migrations/", "tests/worker/ec2/", "tests/worker/test_backlog"),
    *("tests/worker/test_leaks", "tests/worker/test_job_lines"),
    *("tests/showcase/test_budgets", "tests/showcase/storage/test_ages", "tests/showcase/test_aws_facades"),
    *("tests/service/middleware/", "tests/service/test_start", "tests/service/resources/test_direct_upload"),
    *(
        "tests/console/",
        "tests/cloudwatch/emf/test_line_shapes",
        "tests/service/test_paging",
        "tests/telemetry/test_sink",
    ),
    *(
        "tests/showcase/test_deadlines",
        "tests/alarms/simulate/",
        "tests/service/test_log_in_burst",
        "tests/service/test_log_lines",
    ),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="without PostgreSQL, ffmpeg, and processes of the product")
    parser.addoption("--campaigns", action="store_true", help="only the campaigns, which take minutes")
    parser.addoption("--alarms-before", metavar="REV", help="rehearsals show the pages of this git revision, too")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the slow files, without importing them."""
    place = collection_path.relative_to(config.rootpath).as_posix() + ("/" if collection_path.is_dir() else "")
    return True if config.getoption("--quick") and place.startswith(SLOW_PATHS) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    named = {Path(argument.partition("::")[0]).resolve() for argument in config.args}
    wanted: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        (wanted if is_wanted(item, config, named) else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = wanted


def is_wanted(item: pytest.Item, config: pytest.Config, named: set[Path]) -> bool:
    """Whether this run has the test. ``named`` are the paths of the command line."""
    for marker in item.iter_markers():
        if marker.name in ("long", "campaign") and not marker.args:
            raise pytest.UsageError(f"{item.nodeid}: the marker {marker.name} must say why")
    is_campaign = item.get_closest_marker("campaign") is not None
    if config.getoption("--campaigns"):
        return is_campaign
    if config.getoption("--quick"):
        return not is_campaign and not is_slow(item)
    return not is_campaign or item.path in named


def is_slow(item: pytest.Item) -> bool:
    """Whether the test is marked ``long``, or starts something slow."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return (
        item.get_closest_marker("long") is not None
        or not SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        or parameters.get("database_url") == "postgresql"
    )
