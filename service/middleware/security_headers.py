"""Headers for browsers on every answer, of the application and of the server.

Source: OWASP's REST security cheat sheet. The answers are data, so a browser must not run, frame, sniff or keep them.
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
    """The headers of an answer. ``scheme`` is that of the request, ``http`` or ``https``."""
    return SECURITY_HEADERS + HTTPS_HEADERS if scheme == "https" else SECURITY_HEADERS


class SecurityHeaders:
    """Falcon middleware that adds the headers that the resource has not set."""

    def process_response(self, request: Request, response: Response, _resource: object, _succeeded: bool) -> None:
        for name, value in security_headers(request.scheme):
            if response.get_header(name) is None:
                response.set_header(name, value)
