from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from service.settings import ApiSettings
from showcase.errors import SettingsError
from showcase.settings import DatabaseSettings, read_settings
from tests.env_example import undocumented
from worker.settings import WorkerSettings

ENV_EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".env.example"
NEEDED = {
    "sqs_queue_url": "http://127.0.0.1:1/1/q",
    "sqs_dead_letter_queue_url": "http://127.0.0.1:1/1/dlq",
    "ANB_BUCKET": "clips",
    "ANB_JWT_SECRET": "x" * 32,
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def variables(kind: type[BaseSettings]) -> dict[str, str | None]:
    return {str(field.validation_alias): field.description for field in kind.model_fields.values()}


def test_a_laptop_needs_only_queues_bucket_and_secret(environment: pytest.MonkeyPatch) -> None:
    settings = read_settings(ApiSettings, env_file=None)
    assert settings.database_url == "sqlite:///.local/anb.db"
    assert settings.queue_url == NEEDED["sqs_queue_url"]


@pytest.mark.parametrize("variable", NEEDED)
def test_the_error_names_a_missing_variable(environment: pytest.MonkeyPatch, variable: str) -> None:
    environment.delenv(variable)
    with pytest.raises(SettingsError, match=variable):
        read_settings(ApiSettings, env_file=None)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANB_DATABASE_URL", "mysql://x"),
        ("sqs_queue_url", "not-a-url"),
        ("sqs_visibility_timeout", "0"),
        ("sqs_max_receive_count", "many"),
        ("ANB_JWT_SECRET", "short"),
        ("ANB_API_PORT", "70000"),
        ("ANB_EMF_DESTINATION", "udp://x:1"),
        ("ANB_METRICS_NAMESPACE", "AWS/Ours"),
        ("ANB_LOG_LEVEL", "LOUD"),
        ("ANB_JWT_SECRET_PREVIOUS", "short"),
        ("ANB_LIMIT_LOGIN_ACCOUNT", "10"),
        ("ANB_LIMIT_VOTE_ADDRESS", "0/60"),
        ("ANB_PUBLISH_WITHIN_SECONDS", "24"),  # an upload may be committed after so long
        ("ANB_CORS_ORIGINS", "anb.example"),
        ("ANB_CORS_ORIGINS", "https://anb.example/"),
        ("ANB_CORS_ORIGINS", "*,https://anb.example"),
    ],
)
def test_the_error_names_a_wrong_variable_and_no_other(
    environment: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable) as caught:
        read_settings(ApiSettings, env_file=None)
    assert "ANB_BUCKET" not in str(caught.value)


def test_the_value_of_a_secret_is_never_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANB_JWT_SECRET", "hunter2")
    with pytest.raises(SettingsError) as caught:
        read_settings(ApiSettings, env_file=None)
    assert "hunter2" not in str(caught.value)
    environment.setenv("ANB_JWT_SECRET", "hunter2" * 5)
    assert "hunter2" not in repr(read_settings(ApiSettings, env_file=None))


@pytest.mark.parametrize("variable", ["ANB_LEASE_SECONDS", "sqs_visibility_timeout"])
def test_a_heartbeat_too_slow_for_lease_or_visibility_is_refused(
    environment: pytest.MonkeyPatch, variable: str
) -> None:
    environment.setenv(variable, "30")
    with pytest.raises(SettingsError, match=f"ANB_HEARTBEAT_SECONDS must be at most a third of {variable}"):
        read_settings(WorkerSettings, env_file=None)


@pytest.mark.parametrize(
    "variable",
    [
        "ANB_OUTBOX_INTERVAL_SECONDS",
        "ANB_HEARTBEAT_SECONDS",
        "ANB_HOUSEKEEPING_SECONDS",
        "ANB_METADATA_SECONDS",
        "ANB_BACKLOG_INTERVAL_SECONDS",
    ],
)
def test_an_interval_that_would_take_a_whole_core_is_refused(environment: pytest.MonkeyPatch, variable: str) -> None:
    environment.setenv(variable, "0.0001")
    with pytest.raises(SettingsError, match=f"{variable}: Input should be greater than or equal to 0.05"):
        read_settings(WorkerSettings, env_file=None)


def test_letter_case_of_variables_does_not_matter(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SQS_REGION", "eu-west-1")
    assert read_settings(WorkerSettings, env_file=None).region == "eu-west-1"


def test_settings_are_frozen(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings(ApiSettings, env_file=None).port = 1  # type: ignore[misc]


def test_an_env_file_is_read_and_the_environment_wins(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("ANB_API_PORT=1234\nsqs_region=eu-west-1\n")
    environment.setenv("sqs_region", "sa-east-1")
    settings = read_settings(ApiSettings, env_file=env_file)
    assert (settings.port, settings.region) == (1234, "sa-east-1")


def test_env_example_documents_every_variable_with_its_default_and_no_other() -> None:
    assert undocumented(ENV_EXAMPLE, DatabaseSettings, ApiSettings, WorkerSettings) == []


def test_every_variable_is_described() -> None:
    for kind in (ApiSettings, WorkerSettings):
        assert all(variables(kind).values())


def test_env_example_comments_are_the_descriptions() -> None:
    for block in ENV_EXAMPLE.read_text().split("\n\n"):
        *comments, assignment = block.strip().splitlines()
        variable = assignment.removeprefix("#").partition("=")[0]
        description = (variables(ApiSettings) | variables(WorkerSettings)).get(variable)
        assert description is None or " ".join(comment.removeprefix("# ") for comment in comments) == description
