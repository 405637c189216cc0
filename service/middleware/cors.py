"""Which web pages of other origins may call the API from a browser.

Credentials are never allowed. A page sends its token in a header, and the API reads no cookies.
"""

from typing import Any

from falcon import CORSMiddleware, Request, Response

REQUEST_HEADERS = "Authorization, Content-Type, X-Request-Id"
RESPONSE_HEADERS = ("Link", "Retry-After", "X-Request-Id")


class Cors(CORSMiddleware[Any, Any]):
    """Falcon's middleware, with a fixed list of request headers, and with ``Vary`` for caches.

    ``origins`` is ``*``, or origins separated by commas.
    """

    def __init__(self, origins: str) -> None:
        super().__init__("*" if origins == "*" else origins.split(","), expose_headers=RESPONSE_HEADERS)

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        super().process_response(req, resp, resource, req_succeeded)
        if resp.get_header("Access-Control-Allow-Headers"):
            resp.set_header("Access-Control-Allow-Headers", REQUEST_HEADERS)
        if self.allow_origins != "*":
            resp.append_header(
                "Vary", "Origin"
            )  # also for requests without an origin: a cache must not use their answer for one with an origin
