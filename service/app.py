"""The WSGI application: which path is answered by which resource."""

from dataclasses import dataclass
from typing import Any

import falcon
import orjson
from falcon.media import JSONHandler, MultipartFormHandler
from falcon.media.multipart import MultipartParseOptions

from service.access_tokens import ActivePlayers, Authenticator, Tokens
from service.admission import EarlyRefusals
from service.draining import Draining
from service.errors import install_error_handlers
from service.middleware.cors import Cors
from service.middleware.request_telemetry import RequestTelemetry
from service.middleware.security_headers import SecurityHeaders
from service.middleware.unknown_methods import KnownMethods
from service.resources.direct_upload import CompleteDirectUpload, DirectUploads, OwnDirectUpload
from service.resources.docs import docs_resources
from service.resources.form_upload import Upload
from service.resources.health import Live, Ready
from service.resources.own_videos import OwnVideo, OwnVideos
from service.resources.public_pages import PublicVideos, Rankings, Votes
from service.resources.signup_and_login import Login, Signup
from service.route_limits import RequestLimits
from service.upload_views import UploadViews
from service.views import VideoViews
from showcase.database.engine import Database
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.passwords import Passwords
from showcase.rate_limits import RateLimits
from showcase.storage.links import Links
from showcase.storage.media_store import MediaStore
from showcase.uploads.completion import Completion
from showcase.uploads.inbox import Inbox
from telemetry.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Api:
    """What the resources are made of."""

    database: Database
    queue: JobQueue
    media: MediaStore
    inbox: Inbox
    outbox: Outbox
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


def _form_handler() -> MultipartFormHandler:
    options = MultipartParseOptions()
    options.max_body_part_count = 4
    options.max_body_part_buffer_size = 4096
    options.max_body_part_headers_size = 2048
    options.max_secure_filename_length = 64  # for whoever will use a name: today none is read, keys come from rows
    return MultipartFormHandler(options)


def _middleware(api: Api) -> list[Any]:
    """Answers pass through it from the last to the first: telemetry sees them as they leave."""
    cors = [Cors(api.cors_origins)] if api.cors_origins else []
    refusals = EarlyRefusals(Authenticator(api.tokens))
    return [RequestTelemetry(api.recorder), SecurityHeaders(), *cors, refusals, KnownMethods()]


def create_app(api: Api, draining: Draining | None = None) -> falcon.App[falcon.Request, falcon.Response]:
    """The contest's API (SPEC §1). Not ready from the moment that ``draining`` has begun."""
    app = falcon.App(middleware=_middleware(api))
    app.req_options.strip_url_path_trailing_slash = True
    app.req_options.media_handlers[falcon.MEDIA_MULTIPART] = _form_handler()
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = JSONHandler(dumps=orjson.dumps)
    install_error_handlers(app)

    players = ActivePlayers(api.tokens, api.database)
    app.add_route("/api/auth/signup", Signup(api.database, api.passwords, api.limits.signup))
    app.add_route("/api/auth/login", Login(api.database, api.passwords, api.tokens, api.limits.login))

    upload = Upload(players, api.database, api.media, api.outbox, bytes_max=api.upload_bytes_max)
    app.add_route("/api/videos/upload", upload)
    _add_direct_uploads(app, api, players)
    views = VideoViews(Links(api.media, api.link_seconds))
    app.add_route("/api/videos", OwnVideos(players, api.database, views))
    app.add_route("/api/videos/{video_id}", OwnVideo(players, api.database, api.media, views))

    app.add_route("/api/public/videos", PublicVideos(api.database, views))
    votes = Votes(players, api.database, api.limits.vote, own_allowed=api.own_vote_allowed)
    app.add_route("/api/public/videos/{video_id}/vote", votes)
    for path in ("/api/public/rankings", "/api/public/ranking"):
        app.add_route(path, Rankings(api.database))

    ready = Ready({"database": api.database, "queue": api.queue, "storage": api.media}, draining or Draining())
    for path in ("/api/health/ready", "/health"):
        app.add_route(path, ready)
    app.add_route("/api/health/live", Live())
    for path, resource in docs_resources().items():
        app.add_route(path, resource)
    return app


def _add_direct_uploads(app: falcon.App[falcon.Request, falcon.Response], api: Api, players: Authenticator) -> None:
    views = UploadViews(api.inbox, api.link_seconds)
    opening = DirectUploads(
        players,
        api.database,
        api.media,
        api.inbox,
        views,
        bytes_max=api.upload_bytes_max,
        seconds=api.direct_upload_seconds,
    )
    app.add_route("/api/videos/uploads", opening)
    app.add_route("/api/videos/uploads/{upload_id}", OwnDirectUpload(players, api.database, views))
    completion = Completion(api.database, api.media, api.inbox, api.outbox)
    app.add_route("/api/videos/uploads/{upload_id}/complete", CompleteDirectUpload(players, completion))
