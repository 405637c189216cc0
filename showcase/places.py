"""Whether the queues and the bucket of the settings exist. A process asks once, when it starts."""

import logging
from collections.abc import Callable, Mapping

from showcase.errors import SettingsError, Unavailable

# The codes of errors for a queue or bucket that does not exist. AWS answers them, or boto3 raises them without a call.
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
    """Ping the queue or bucket of each variable. Raises SettingsError for one that does not exist.

    If one refuses access or does not answer, that is only logged. The permission or the network may be mended later,
    and then the process can use the queue or bucket.
    """
    for variable, ping in pings.items():
        try:
            ping()
        except Unavailable as error:
            kind = error.kind.rpartition(".")[2]
            if kind in _MISSING:
                raise SettingsError(
                    f"{variable}: the queue or bucket does not exist ({kind}). Check name, region and account."
                ) from error
            if kind in _REFUSED:
                log.error("%s: access is refused (%s). Check the credentials and their policy.", variable, kind)
            else:
                log.warning("%s: no answer yet (%s)", variable, kind)
