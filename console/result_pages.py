"""Pages of a result. A token is the number of items on the pages before it, so the console keeps nothing for it."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, TypeVar

from console.refusal import Refusal

T = TypeVar("T")


def offset_of(token: str | None) -> int:
    """The number of items before a page. Raises Refusal for a token that the console did not give."""
    if token is None:
        return 0
    try:
        return int(urlsafe_b64decode(token).decode())
    except (ValueError, binascii.Error):
        raise Refusal("InvalidNextToken", f"The token {token!r} is not valid.") from None


def token_of(offset: int) -> str:
    return urlsafe_b64encode(str(offset).encode()).decode()


def page_of(items: Sequence[T], token: str | None, size: int) -> tuple[list[T], dict[str, Any]]:
    """The items of one page, and the member NextToken of the answer if there are more."""
    first = offset_of(token)
    more = {"NextToken": token_of(first + size)} if first + size < len(items) else {}
    return list(items[first : first + size]), more
