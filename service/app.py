"""The WSGI application: which path is answered by which resource."""

from dataclasses import dataclass

import falcon
from falcon.media import MultipartFormHandler
from falcon.media.multipart import MultipartParseOptions

from service.accounts import Login, Signup
from service.errors import install_error_handlers
from service.health import Live, Ready
from service.middleware import RequestTelemetry
from service.public import PublicVideos, Rankings, Votes
from service.tokens import Authenticator, Tokens
from service.uploads import Upload
from service.videos import OwnVideo, OwnVideos
from showcase.database import Database
from showcase.job_queue import JobQueue
from showcase.media_store import MediaStore
from showcase.outbox import Outbox
from showcase.passwords import Passwords
from telemetry.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Api:
    """What the resources are made of."""

    database: Database
    queue: JobQueue
    media: MediaStore
    outbox: Outbox
    passwords: Passwords
    tokens: Tokens
    recorder: Recorder
    upload_bytes_max: int
    link_seconds: int
    own_vote_allowed: bool


def _form_handler() -> MultipartFormHandler:
    options = MultipartParseOptions()
    options.max_body_part_count = 4
    options.max_body_part_buffer_size = 4096
    options.max_body_part_headers_size = 2048
    return MultipartFormHandler(options)


def create_app(api: Api) -> falcon.App[falcon.Request, falcon.Response]:
    """The contest's API (SPEC §1)."""
    app = falcon.App(middleware=[RequestTelemetry(api.recorder)])
    app.req_options.strip_url_path_trailing_slash = True
    app.req_options.media_handlers[falcon.MEDIA_MULTIPART] = _form_handler()
    install_error_handlers(app)

    players = Authenticator(api.tokens)
    app.add_route("/api/auth/signup", Signup(api.database, api.passwords))
    app.add_route("/api/auth/login", Login(api.database, api.passwords, api.tokens))

    upload = Upload(players, api.database, api.media, api.outbox, bytes_max=api.upload_bytes_max)
    app.add_route("/api/videos/upload", upload)
    app.add_route("/api/videos", OwnVideos(players, api.database, api.media, link_seconds=api.link_seconds))
    own_video = OwnVideo(players, api.database, api.media, link_seconds=api.link_seconds)
    app.add_route("/api/videos/{video_id}", own_video)

    app.add_route("/api/public/videos", PublicVideos(api.database, api.media, link_seconds=api.link_seconds))
    votes = Votes(players, api.database, own_allowed=api.own_vote_allowed)
    app.add_route("/api/public/videos/{video_id}/vote", votes)
    for path in ("/api/public/rankings", "/api/public/ranking"):
        app.add_route(path, Rankings(api.database))

    ready = Ready({"database": api.database, "queue": api.queue, "storage": api.media})
    for path in ("/api/health/ready", "/health"):
        app.add_route(path, ready)
    app.add_route("/api/health/live", Live())
    return app
