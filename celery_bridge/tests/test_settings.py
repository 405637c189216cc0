"""A wrong URL of the broker is refused with a clear text that does not contain it."""

from pathlib import Path

import pytest

from celery_bridge.settings import CeleryBridgeSettings
from showcase.errors import SettingsError
from showcase.settings import SharedSettings, read_settings
from tests.env_example import undocumented

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("sqs_queue_url", "http://127.0.0.1:1/1/q")
    monkeypatch.setenv("sqs_dead_letter_queue_url", "http://127.0.0.1:1/1/dlq")
    monkeypatch.setenv("ANB_BUCKET", "clips")
    return monkeypatch


@pytest.mark.parametrize(
    "url",
    [
        "amqp://:geheim@h//",
        "redis://:geheim/x@h:6379/0",
        "redis://:1/geheim@h:6379/0",
        "redis://:geheim#x@h:6379/0",
        "redis://:1#geheim@h:6379/0",
        "redis://:geheim[x@h:6379/0",
        "redis://:geheim@h:70000/0",
        "redis://:geheim@h:6379/main",
        "redis://:geheim@/0",
    ],
)
def test_a_wrong_broker_url_is_refused_and_stays_secret(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("ANB_CELERY_BROKER_URL", url)
    with pytest.raises(SettingsError, match=r"ANB_CELERY_BROKER_URL.*percent-encode") as caught:
        read_settings(CeleryBridgeSettings, env_file=None)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "redis://h/",
        "redis://user:pa%2Fss@h:6379/1",
        "rediss://:p@h/0?ssl_cert_reqs=required",
        "redis://[::1]",
    ],
)
def test_a_correct_broker_url_is_accepted(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("ANB_CELERY_BROKER_URL", url)
    assert read_settings(CeleryBridgeSettings, env_file=None).celery_broker_url.get_secret_value() == url


def test_the_example_documents_every_variable_of_the_bridge() -> None:
    shared = {str(field.validation_alias) for field in SharedSettings.model_fields.values()}
    assert set(undocumented(ROOT / "celery_bridge" / "env.example", CeleryBridgeSettings)) == shared
    assert all(field.description for field in CeleryBridgeSettings.model_fields.values())
