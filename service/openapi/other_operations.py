"""Health for load balancers, and this document for developers."""

from service.answers import Alive, Readiness
from service.openapi.vocabulary import Json, answers, json_content, operation
from telemetry.catalogue import Route

_ALIVE: Alive = {"status": "alive"}
_HEALTHY: Readiness = {"status": "healthy", "checks": {"database": "ok", "queue": "ok", "storage": "ok"}}
_UNHEALTHY: Readiness = {"status": "unhealthy", "checks": {"database": "ok", "queue": "unavailable", "storage": "ok"}}


def _readiness(operation_id: str, note: str = "") -> Json:
    return operation(
        operation_id,
        "Operations",
        "Can this process serve requests?",
        description=note,
        responses={
            "200": answers("The database, the queue and the storage answer.", "Readiness", _HEALTHY),
            "503": {
                "description": "The database, the queue or the storage does not answer, or this process stops soon. "
                "Send requests elsewhere.",
                "content": json_content("Readiness", _UNHEALTHY),
            },
        },
    )


def _page(operation_id: str, summary: str, media_type: str) -> Json:
    schema: Json = {"type": "object"} if media_type == "application/json" else {"type": "string"}
    content = {media_type: {"schema": schema}}
    return operation(
        operation_id, "Operations", summary, responses={"200": {"description": summary, "content": content}}
    )


OPERATIONS: dict[Route, Json] = {
    Route.IS_ALIVE: operation(
        "isAlive",
        "Operations",
        "Is the process up?",
        description="The answer depends only on the process. The database, the queue and the storage are not asked.",
        responses={"200": answers("The process is up.", "Alive", _ALIVE)},
    ),
    Route.IS_READY: _readiness("isReady"),
    Route.IS_HEALTHY: _readiness("isHealthy", "Another name of `/api/health/ready`."),
    Route.GET_DOCUMENT: _page("getDocument", "This document", "application/json"),
    Route.GET_DOCS: _page("getDocs", "This document as a page", "text/html"),
    Route.GET_DOCS_STYLE: _page("getDocsStyle", "The style of the page", "text/css"),
    Route.GET_DOCS_SCRIPT: _page("getDocsScript", "The script of the page", "text/javascript"),
}
