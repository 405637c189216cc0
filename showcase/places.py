"""Whether the queues and the bucket of the settings exist. A process asks once, when it starts."""

import logging
from collections.abc import Callable, Mapping

from showcase.errors import SettingsError, Unavailable

# What AWS answers, or boto3 finds by itself, for a place that is not there.
_MISSING = frozenset(
    {"404", "NoSuchBucket", "NonExistentQueue", "QueueDoesNotExist", "InvalidAddress", "ParamValidationError"}
)
_REFUSED = frozenset(
    {
        *("403", "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "InvalidAccessKeyId"),
        *("NoCredentialsError", "SignatureDoesNotMatch", "UnrecognizedClientException"),
    }
)

log = logging.getLogger(__name__)


def check_places(pings: Mapping[str, Callable[[], None]]) -> None:
    """Ping the place of each variable. Raises SettingsError for one that does not exist.

    A place that refuses this process, or that does not answer, is only logged: permissions and networks change, and a
    process that does not start could not use them then.
    """
    for variable, ping in pings.items():
        try:
            ping()
        except Unavailable as error:
            kind = error.kind.rpartition(".")[2]
            if kind in _MISSING:
                raise SettingsError(
                    f"{variable}: there is no such place ({kind}). Check its name, the region and the account."
                ) from error
            if kind in _REFUSED:
                log.error("%s: access is refused (%s). Check the credentials and their policy.", variable, kind)
            else:
                log.warning("%s: no answer yet (%s)", variable, kind)
