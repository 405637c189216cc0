"""The OpenAPI document, and a page that shows it. The page fetches nothing from other hosts."""

import json
from pathlib import Path

from falcon import Request, Response

from service.openapi.document import build_document

PAGE = Path(__file__).parent / "docs_page"
PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'"
FRESH = "public, max-age=300"


class Document:
    """``GET /api/openapi.json``: made once, and the same for every client."""

    def __init__(self) -> None:
        self._text = json.dumps(build_document(), ensure_ascii=False)

    def on_get(self, _request: Request, response: Response) -> None:
        response.content_type = "application/json"
        response.text = self._text
        response.set_header("Cache-Control", FRESH)

    on_head = on_get


class PageFile:
    """``GET /api/docs``, or a file of that page."""

    def __init__(self, name: str, media_type: str) -> None:
        self._text = (PAGE / name).read_text()
        self._media_type = f"{media_type}; charset=utf-8"

    def on_get(self, _request: Request, response: Response) -> None:
        response.content_type = self._media_type
        response.text = self._text
        response.set_header("Cache-Control", FRESH)
        response.set_header("Content-Security-Policy", PAGE_POLICY)

    on_head = on_get
