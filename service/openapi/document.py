"""The whole document."""

from service.openapi import (
    account_operations,
    other_operations,
    public_operations,
    upload_operations,
    video_operations,
)
from service.openapi.components import HEADERS, PARAMETERS, SECURITY_SCHEMES
from service.openapi.schemas import all_schemas
from service.openapi.vocabulary import Json, reference
from telemetry.catalogue import Route

DESCRIPTION = """\
Players upload a clip. A worker turns it into a broadcast clip, and the public votes. The best-voted players of each
city are picked.

Bodies are JSON, except the upload of a clip. Dates are ISO-8601 in UTC with `Z`. Ids are strings.

Every error has one shape: `code` is stable and for machines, `message` is Spanish and for people, `fields` names the
fields at fault. A request that reaches no operation gets an error of the same shape: 400 `malformed_request`, 404
`not_found`, 405 `method_not_allowed` (with `Allow`), 408 `request_timeout`, 431 `headers_too_large` or 503
`unavailable`.

Lists take `limit` and `offset`, and `Link` headers lead to the other pages. A trailing slash makes no difference. Every
operation with `GET` answers `HEAD` too.
"""

OPERATIONS: dict[Route, Json] = {
    **account_operations.OPERATIONS,
    **video_operations.OPERATIONS,
    **upload_operations.OPERATIONS,
    **public_operations.OPERATIONS,
    **other_operations.OPERATIONS,
}
TAGS = {
    "Accounts": "Sign-up and log-in.",
    "My videos": "A player's own clips: upload them, follow their processing, delete them.",
    "Public": "Videos and ranking for everybody. Voting needs an account.",
    "Operations": "For load balancers and developers.",
}
LISTS = {"OwnVideos": "OwnVideo", "PublicVideos": "PublicVideo", "Ranking": "RankedPlayer"}


def build_document() -> Json:
    """The API as OpenAPI 3.1. Raises KeyError for a route without a description."""
    paths: Json = {}
    for route in Route:
        paths.setdefault(route.path, {})[route.method.lower()] = OPERATIONS[route]
    arrays = {name: {"type": "array", "items": reference(item)} for name, item in LISTS.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "ANB Rising Stars Showcase", "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": "/", "description": "This server."}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": all_schemas() | arrays,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }
