"""One EMF record for each request. Its ids are on every log line, and its request id is in the answer."""

import re
import time
import uuid

from falcon import Request, Response

from telemetry.catalogue import API_REQUEST, HEALTH_PROBES, NO_ROUTE, ROUTE, ROUTES
from telemetry.logs import enter_log_context
from telemetry.recorder import Property, Recorder
from telemetry.trace_context import begin_span

_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestTelemetry:
    """Falcon middleware.

    A responder of an upload may set ``request.context.upload_bytes``, the size of an accepted clip, and
    ``request.context.video_id``.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def process_request(self, request: Request, response: Response) -> None:
        request.context.started = time.perf_counter()
        offered = request.get_header("X-Request-Id") or ""
        request.context.request_id = offered if _WELL_FORMED_ID.fullmatch(offered) else uuid.uuid4().hex
        response.set_header("X-Request-Id", request.context.request_id)
        request.context.span = begin_span(request.get_header("traceparent") or "")
        enter_log_context(**_ids(request))

    def process_response(self, request: Request, response: Response, _resource: object, _succeeded: bool) -> None:
        latency_ms = (time.perf_counter() - request.context.started) * 1000
        status = response.status_code
        route = route_of(request)
        metrics: dict[str, float] = {"Requests": 1}
        if route not in HEALTH_PROBES:
            metrics |= {
                "Latency": round(latency_ms, 3),
                "ClientErrors": int(400 <= status < 500),
                "RateLimited": int(status == 429),
                "ServerErrors": int(status >= 500),
            }
        if upload_bytes := request.context.get("upload_bytes"):
            metrics["UploadBytes"] = upload_bytes
        self._recorder.record(
            API_REQUEST,
            metrics,
            dimensions={ROUTE: route},
            properties=_properties(request, response),
        )


def _properties(request: Request, response: Response) -> dict[str, Property]:
    status = response.status_code
    return {
        **_ids(request),
        **({"video_id": video_id} if (video_id := request.context.get("video_id")) else {}),
        "method": request.method,
        "status": status,
        "status_class": f"{status // 100}xx",
        "request_bytes": request.content_length or 0,
        "response_bytes": len(response.render_body() or b""),  # Falcon keeps the rendered body
    }


def _ids(request: Request) -> dict[str, str]:
    return {"request_id": request.context.request_id, **request.context.span.ids}


def route_of(request: Request) -> str:
    """The route of the request, or NO_ROUTE for paths and methods that clients invent: each value costs money."""
    method = "GET" if request.method == "HEAD" else request.method
    route = f"{method} {request.uri_template}"
    return route if route in ROUTES else NO_ROUTE
