"""Finds headers that two servers could read differently. Such requests are refused, because they allow smuggling."""

import re

_FOLDED_LINE = re.compile(rb"\r\n[ \t]")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_TRANSFER_ENCODING = b"\r\ntransfer-encoding:"
_ONLY_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n")
VERSIONS = ("1.0", "1.1")


def has_bare_line_feed(text: bytes) -> bool:
    """Whether a line ends without CR. RFC 9112 §2.2 allows it, but a proxy and this server could then disagree."""
    return _BARE_LINE_FEED.search(text) is not None


def has_folded_line(head: bytes) -> bool:
    """Whether a header is folded over lines. RFC 9112 §5.2: a server refuses it, or replaces the fold by a space."""
    return _FOLDED_LINE.search(head) is not None


def is_ambiguous(head: bytes, version: str, fields: dict[str, str]) -> bool:
    """Whether the length of the body, or the host, can be read in more than one way.

    ``fields`` are the headers that waitress has read from ``head``. RFC 9112 §3.2 (one Host), §6.1 and §6.3 (one
    Transfer-Encoding, exactly ``chunked``, in HTTP/1.1 only and not beside a Content-Length).
    """
    if version not in VERSIONS or (version == "1.1" and "HOST" not in fields) or "," in fields.get("HOST", ""):
        return True
    lowered = head.lower()
    codings = lowered.count(_TRANSFER_ENCODING)
    if codings == 0:
        return False
    is_plain = codings == 1 and version == "1.1" and _ONLY_CHUNKED.search(lowered) is not None
    return not is_plain or "CONTENT_LENGTH" in fields
