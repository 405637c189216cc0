"""What every answer tells browsers, whoever makes it: the application, or the server before it.

From OWASP's REST security cheat sheet: the answers are data, so a browser is to run, frame, sniff and keep none of it.
A resource that needs another value sets the header itself.
"""

from falcon import Request, Response

SECURITY_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
HTTPS_HEADERS = (("Strict-Transport-Security", "max-age=31536000"),)


def security_headers(scheme: str) -> tuple[tuple[str, str], ...]:
    """The headers of an answer to a request that came by ``scheme``, ``http`` or ``https``."""
    return SECURITY_HEADERS + HTTPS_HEADERS if scheme == "https" else SECURITY_HEADERS


class SecurityHeaders:
    """Falcon middleware."""

    def process_response(self, request: Request, response: Response, _resource: object, _succeeded: bool) -> None:
        for name, value in security_headers(request.scheme):
            if response.get_header(name) is None:
                response.set_header(name, value)
