"""The document, put together."""

from service.openapi import account_operations as accounts
from service.openapi import other_operations as operations
from service.openapi import public_operations as public
from service.openapi import upload_operations as uploads
from service.openapi import video_operations as videos
from service.openapi.components import HEADERS, PARAMETERS, SECURITY_SCHEMES
from service.openapi.schemas import all_schemas
from service.openapi.vocabulary import Json, array_of

DESCRIPTION = """\
Players upload a clip, the platform cuts it to broadcast form, the public votes, and the best-voted players of each
city are picked.

Bodies are JSON, except the upload of a clip. Dates are ISO-8601 in UTC with `Z`, ids are strings. Every error has one
shape: `code` is stable and for machines, `message` is Spanish and for people, `fields` names what was wrong. What does
not even reach an operation is answered in the same shape: 400 `malformed_request`, 404 `not_found`, 405
`method_not_allowed` (with `Allow`), 408 `request_timeout`, 431 `headers_too_large`, 503 `unavailable`.

Lists take `limit` and `offset`; `Link` headers lead to the other pages. A trailing slash is tolerated everywhere, and
`HEAD` wherever there is `GET`.
"""

PARTS = (accounts, videos, uploads, public, operations)
TAGS = {
    "Accounts": "Opening an account, and logging in.",
    "My videos": "A player's own clips: upload, watch them being processed, delete.",
    "Public": "What everybody may see. Voting needs an account.",
    "Operations": "For load balancers and developers.",
}


def build_document() -> Json:
    """The API as OpenAPI 3.1."""
    lists = {"OwnVideos": "OwnVideo", "PublicVideos": "PublicVideo", "Ranking": "RankedPlayer"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "ANB Rising Stars Showcase", "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": "/", "description": "This one."}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": {path: item for part in PARTS for path, item in part.OPERATIONS.items()},
        "components": {
            "schemas": all_schemas() | {name: array_of(item) for name, item in lists.items()},
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }
