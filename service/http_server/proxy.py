"""The address of the client behind a balancer: waitress' rules for proxy headers, with errors of this API."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from waitress.proxy_headers import PROXY_HEADERS, MalformedProxyHeader, clear_untrusted_headers, parse_proxy_headers

from service.admission import REFUSAL
from service.errors import ProtocolFault

EVERYBODY = "*"
BELIEVED = frozenset({"x-forwarded-for", "x-forwarded-proto"})

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

log = logging.getLogger(__name__)


def behind_proxy(application: Application, trusted: str | None, hops: int) -> Application:
    """Take the client's address and scheme from the headers of ``trusted`` (an address, or ``*``).

    Of several proxies in a row, the last ``hops`` count. Headers from any other peer are removed, so a client cannot
    choose its address.
    """

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        not_believed = PROXY_HEADERS
        if trusted in (EVERYBODY, environ["REMOTE_ADDR"]):
            try:
                not_believed = parse_proxy_headers(environ, hops, BELIEVED)
            except MalformedProxyHeader as error:
                log.warning("malformed %s from the proxy: %s", error.header, error.reason)
                environ[REFUSAL] = ProtocolFault("malformed_request")
        clear_untrusted_headers(environ, not_believed)
        return application(environ, start_response)

    return call
