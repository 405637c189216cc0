"""Settings of the bridge between Celery and SQS. showcase/settings.py reads them."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from showcase.settings import SharedSettings


def _check_redis_url(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value())
        is_usable = (
            parts.scheme in ("redis", "rediss")
            and bool(parts.hostname)
            and parts.port != 0
            and re.fullmatch(r"/?|/\d+", parts.path) is not None
            and not parts.fragment
        )
    except ValueError:  # not raised further, because its text may quote the password
        is_usable = False
    if not is_usable:
        raise ValueError(
            "the broker must be redis://user:password@host:port/number, or rediss:// for TLS, with special characters "
            "of the password percent-encoded (%2F for /, %23 for #, %3F for ?)"
        )
    return url


CeleryBroker = Annotated[SecretStr, AfterValidator(_check_redis_url)]


class CeleryBridgeSettings(SharedSettings):
    """The settings that only the bridge between the old Celery queue and SQS needs."""

    celery_broker_url: CeleryBroker = Field(
        validation_alias="ANB_CELERY_BROKER_URL",
        description="Redis of the old Celery queue: redis://:password@host:6379/0, or rediss:// for TLS.",
    )
    celery_queue: str = Field(
        "celery",
        validation_alias="ANB_CELERY_QUEUE",
        min_length=1,
        description="Name of Celery's queue of clips to process.",
    )
    celery_task: str = Field(
        "process_video",
        validation_alias="ANB_CELERY_TASK",
        min_length=1,
        description="Name of the Celery task that processes a video; its only argument is the video's id.",
    )
