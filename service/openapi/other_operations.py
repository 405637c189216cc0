"""For load balancers and for developers."""

from service.openapi.vocabulary import PUBLIC, Json, answers, json_content, reference

_HEALTHY = {"status": "healthy", "checks": {"database": "ok", "queue": "ok", "storage": "ok"}}
_SICK = {"status": "unhealthy", "checks": {"database": "ok", "queue": "unavailable", "storage": "ok"}}


def _readiness(operation_id: str, note: str) -> Json:
    return {
        "get": {
            "operationId": operation_id,
            "tags": ["Operations"],
            "summary": "Is everything there that requests need?",
            "description": note,
            "security": PUBLIC,
            "responses": {
                "200": answers("Database, queue and storage answer.", "Readiness", _HEALTHY),
                "503": {
                    "description": "One of them does not, or this process is about to stop: send requests elsewhere.",
                    "content": json_content(reference("Readiness"), _SICK),
                },
            },
        }
    }


def _page(operation_id: str, summary: str, media_type: str) -> Json:
    schema: Json = {"type": "object"} if media_type == "application/json" else {"type": "string"}
    content = {media_type: {"schema": schema}}
    return {
        "get": {
            "operationId": operation_id,
            "tags": ["Operations"],
            "summary": summary,
            "security": PUBLIC,
            "responses": {"200": {"description": "It.", "content": content}},
        }
    }


OPERATIONS: dict[str, Json] = {
    "/api/health/live": {
        "get": {
            "operationId": "isAlive",
            "tags": ["Operations"],
            "summary": "Is the process up?",
            "description": "Asks nobody else.",
            "security": PUBLIC,
            "responses": {"200": answers("It is.", "Alive", {"status": "alive"})},
        }
    },
    "/api/health/ready": _readiness("isReady", ""),
    "/health": _readiness("isHealthy", "Another name of `/api/health/ready`."),
    "/api/openapi.json": _page("getDocument", "This document", "application/json"),
    "/api/docs": _page("getDocs", "This document as a page", "text/html"),
    "/api/docs/docs.css": _page("getDocsStyle", "The style of that page", "text/css"),
    "/api/docs/docs.js": _page("getDocsScript", "The script of that page", "text/javascript"),
}
