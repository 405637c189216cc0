"""Health for the load balancer: live says "I am up", ready asks the dependencies."""

from collections.abc import Mapping
from typing import Protocol

import falcon
from falcon import Request, Response

from showcase.errors import Unavailable


class Dependency(Protocol):
    """Something that can be asked for a sign of life."""

    def ping(self) -> None:
        """Raises Unavailable."""


class Live:
    """``GET /api/health/live``: no I/O."""

    def on_get(self, _request: Request, response: Response) -> None:
        response.media = {"status": "alive"}


class Ready:
    """``GET /api/health/ready`` and ``/health``: 200 only when every dependency answers."""

    def __init__(self, dependencies: Mapping[str, Dependency]) -> None:
        self._dependencies = dependencies

    def on_get(self, _request: Request, response: Response) -> None:
        checks = {name: _ask(dependency) for name, dependency in self._dependencies.items()}
        healthy = all(answer == "ok" for answer in checks.values())
        response.status = falcon.HTTP_200 if healthy else falcon.HTTP_503
        response.media = {"status": "healthy" if healthy else "unhealthy", "checks": checks}
        response.cache_control = ["no-store"]


def _ask(dependency: Dependency) -> str:
    try:
        dependency.ping()
    except Unavailable:
        return "unavailable"
    return "ok"
