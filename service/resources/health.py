"""Health for the load balancer: live says "I am up", ready asks the dependencies."""

from collections.abc import Mapping

import falcon
from falcon import Request, Response

from service.draining import Draining
from showcase.dependencies import Dependency
from showcase.errors import Unavailable


class Live:
    """``GET /api/health/live``: no I/O."""

    def on_get(self, _request: Request, response: Response) -> None:
        response.media = {"status": "alive"}

    on_head = on_get


class Ready:
    """``GET /api/health/ready`` and ``/health``: 200 only when every dependency answers and the process stays."""

    def __init__(self, dependencies: Mapping[str, Dependency], draining: Draining) -> None:
        self._dependencies = dependencies
        self._draining = draining

    def on_get(self, _request: Request, response: Response) -> None:
        checks = {name: _ask(dependency) for name, dependency in self._dependencies.items()}
        if self._draining.has_begun:
            checks["process"] = "draining"
        healthy = all(answer == "ok" for answer in checks.values())
        response.status = falcon.HTTP_200 if healthy else falcon.HTTP_503
        response.media = {"status": "healthy" if healthy else "unhealthy", "checks": checks}
        response.cache_control = ["no-store"]

    on_head = on_get


def _ask(dependency: Dependency) -> str:
    try:
        dependency.ping()
    except Unavailable:
        return "unavailable"
    return "ok"
