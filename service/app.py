"""The WSGI application: the resource for each route."""

from dataclasses import dataclass
from typing import Any

import falcon
import orjson
from falcon.media import JSONHandler, MultipartFormHandler
from falcon.media.multipart import MultipartParseOptions

from service.access_tokens import ActivePlayers, Authenticator, Tokens
from service.admission import EarlyRefusals
from service.draining import Draining
from service.errors import App, install_error_handlers
from service.middleware.cors import Cors
from service.middleware.request_telemetry import RequestTelemetry
from service.middleware.security_headers import SecurityHeaders
from service.middleware.unknown_methods import UnknownMethods
from service.resources.direct_upload import CompleteDirectUpload, DirectUploads, OwnDirectUpload
from service.resources.docs import Document, PageFile
from service.resources.form_upload import FormUpload
from service.resources.health import Live, Ready
from service.resources.own_videos import OwnVideo, OwnVideos
from service.resources.public_pages import PublicVideos, Rankings, Votes
from service.resources.signup_and_login import Login, Signup
from service.route_limits import RequestLimits
from service.upload_views import UploadViews
from service.views import VideoViews
from showcase.database.engine import Database
from showcase.dependencies import Dependency
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.jobs.promises import UploadPromises
from showcase.passwords import Passwords
from showcase.rate_limits import RateLimits
from showcase.storage.links import Links
from showcase.storage.media_store import MediaStore
from showcase.uploads.completion import Completion
from showcase.uploads.inbox import Inbox
from telemetry.catalogue import Route
from telemetry.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Api:
    """Everything that the resources are built from."""

    database: Database
    queue: JobQueue
    media: MediaStore
    inbox: Inbox
    outbox: Outbox
    promises: UploadPromises
    passwords: Passwords
    tokens: Tokens
    recorder: Recorder
    rate_limits: RateLimits
    limits: RequestLimits
    upload_bytes_max: int
    link_seconds: int
    direct_upload_seconds: int
    own_vote_allowed: bool
    cors_origins: str | None = None


def create_app(api: Api, draining: Draining | None = None) -> App:
    """The contest's API (SPEC §1). It is not ready once ``draining`` has begun."""
    app = falcon.App(middleware=_middleware(api))
    app.req_options.strip_url_path_trailing_slash = True
    app.req_options.media_handlers[falcon.MEDIA_MULTIPART] = _form_handler()
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = JSONHandler(dumps=orjson.dumps)
    install_error_handlers(app)
    for resource, *routes in _resources(api, draining or Draining()):
        _add(app, resource, routes)
    return app


def _middleware(api: Api) -> list[Any]:
    """The middleware. Answers pass it from the last to the first, so telemetry records the finished answer."""
    cors = [Cors(api.cors_origins)] if api.cors_origins else []
    early_refusals = EarlyRefusals(Authenticator(api.tokens))
    return [RequestTelemetry(api.recorder), SecurityHeaders(), *cors, early_refusals, UnknownMethods()]


def _form_handler() -> MultipartFormHandler:
    options = MultipartParseOptions()
    options.max_body_part_count = 4
    options.max_body_part_buffer_size = 4096
    options.max_body_part_headers_size = 2048
    options.max_secure_filename_length = 64  # no code reads the client's file names today
    return MultipartFormHandler(options)


def _resources(api: Api, draining: Draining) -> list[tuple[object, *tuple[Route, ...]]]:
    """Each resource with its routes. Two routes with the same method are two paths to the same answer."""
    players = ActivePlayers(api.tokens, api.database)
    views = VideoViews(Links(api.media, api.link_seconds))
    upload_views = UploadViews(api.inbox, api.link_seconds)
    completion = Completion(api.database, api.media, api.inbox, api.outbox)
    dependencies: dict[str, Dependency] = {"database": api.database, "queue": api.queue, "storage": api.media}
    return [
        (Signup(api.database, api.passwords, api.limits.signup), Route.SIGN_UP),
        (Login(api.database, api.passwords, api.tokens, api.limits.login), Route.LOG_IN),
        (
            FormUpload(players, api.database, api.media, api.outbox, bytes_max=api.upload_bytes_max),
            Route.UPLOAD_VIDEO,
        ),
        (
            DirectUploads(
                players,
                api.database,
                api.media,
                api.inbox,
                upload_views,
                bytes_max=api.upload_bytes_max,
                seconds=api.direct_upload_seconds,
            ),
            Route.OPEN_UPLOAD,
        ),
        (OwnDirectUpload(players, api.database, upload_views), Route.GET_UPLOAD),
        (CompleteDirectUpload(players, completion), Route.COMPLETE_UPLOAD),
        (OwnVideos(players, api.database, views), Route.LIST_OWN_VIDEOS),
        (OwnVideo(players, api.database, api.media, views), Route.GET_VIDEO, Route.DELETE_VIDEO),
        (PublicVideos(api.database, views), Route.LIST_PUBLIC_VIDEOS),
        (Votes(players, api.database, api.limits.vote, own_allowed=api.own_vote_allowed), Route.VOTE),
        (Rankings(api.database), Route.LIST_RANKINGS, Route.LIST_RANKING),
        (Ready(dependencies, draining), Route.IS_READY, Route.IS_HEALTHY),
        (Live(), Route.IS_ALIVE),
        (Document(), Route.GET_DOCUMENT),
        (PageFile("index.html", "text/html"), Route.GET_DOCS),
        (PageFile("docs.css", "text/css"), Route.GET_DOCS_STYLE),
        (PageFile("docs.js", "text/javascript"), Route.GET_DOCS_SCRIPT),
    ]


def _add(app: App, resource: object, routes: list[Route]) -> None:
    """Add a resource. Raises ValueError if it has a method that no route names: Falcon would answer it."""
    answered = {name.removeprefix("on_").upper() for name in dir(resource) if name.startswith("on_")} - {"HEAD"}
    if answered != {route.method for route in routes}:
        raise ValueError(f"{type(resource).__name__} answers {sorted(answered)}, and its routes are {routes}")
    for path in dict.fromkeys(route.path for route in routes):
        app.add_route(path, resource)
