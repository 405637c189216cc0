"""Health for the load balancer: live says that the process is up, ready also checks its dependencies."""

from collections.abc import Mapping

import falcon
from falcon import Request, Response

from service.answers import Alive, Check, Readiness
from service.draining import Draining
from showcase.dependencies import Dependency
from showcase.errors import Unavailable


class Live:
    """``GET /api/health/live``: answers without I/O."""

    def on_get(self, _request: Request, response: Response) -> None:
        answer: Alive = {"status": "alive"}
        response.media = answer

    on_head = on_get


class Ready:
    """``GET /api/health/ready`` and ``/health``: 200 if every dependency answers and the process does not stop."""

    def __init__(self, dependencies: Mapping[str, Dependency], draining: Draining) -> None:
        self._dependencies = dependencies
        self._draining = draining

    def on_get(self, _request: Request, response: Response) -> None:
        checks: dict[str, Check] = {name: _check(dependency) for name, dependency in self._dependencies.items()}
        if self._draining.has_begun:
            checks["process"] = "draining"
        is_healthy = all(check == "ok" for check in checks.values())
        answer: Readiness = {"status": "healthy" if is_healthy else "unhealthy", "checks": checks}
        response.status = falcon.HTTP_200 if is_healthy else falcon.HTTP_503
        response.media = answer
        response.cache_control = ["no-store"]

    on_head = on_get


def _check(dependency: Dependency) -> Check:
    try:
        dependency.ping()
    except Unavailable:
        return "unavailable"
    return "ok"
