"""Answers 405 with ``Allow`` to HTTP methods that no standard names, as to any method that a resource does not have."""

from typing import Any

import falcon
from falcon import Request, Response

OWN_METHODS = ("DELETE", "GET", "HEAD", "POST")


class UnknownMethods:
    """Falcon middleware. Falcon alone would answer 400 to a method that it does not know."""

    def process_resource(
        self, request: Request, _response: Response, resource: object, _params: dict[str, Any]
    ) -> None:
        if resource and request.method not in falcon.COMBINED_METHODS:
            own = [method for method in OWN_METHODS if hasattr(resource, f"on_{method.lower()}")]
            raise falcon.HTTPMethodNotAllowed([*own, "OPTIONS"])
