"""Builds the API from its settings and serves it until SIGTERM or SIGINT."""

import logging
import signal
import sys
from functools import partial
from types import FrameType

import waitress
from waitress.server import BaseWSGIServer

from service.app import Api, create_app
from service.tokens import Tokens
from showcase.aws import Aws
from showcase.database import Database
from showcase.errors import SettingsError, ShowcaseError
from showcase.job_queue import JobQueue
from showcase.media_store import MediaStore
from showcase.outbox import Outbox
from showcase.passwords import Passwords
from showcase.periodic import Periodic
from showcase.settings import MIB, ApiSettings, read_settings
from showcase.tables import verify_schema
from telemetry.catalogue import SWEEP
from telemetry.destinations import open_destination
from telemetry.logs import start_logging
from telemetry.recorder import Recorder, open_recorder

RECEIVE_BYTES = 64 * 1024  # waitress' default of 8 KiB doubles the CPU time of an upload
FORM_OVERHEAD_BYTES = MIB  # what a form may add around the clip
HEADER_BYTES_MAX = 32 * 1024
IDLE_SECONDS_MAX = 60

log = logging.getLogger(__name__)


def main() -> int:
    """Run the API; the exit code is 1 when it cannot start."""
    try:
        settings = read_settings(ApiSettings)
        start_logging(settings.log_level, "api")
        api = build_api(settings, _open_recorder(settings))
        verify_schema(api.database)
        server = build_server(settings, api)
    except (ShowcaseError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - said to whoever starts it, before there is a log
        return 1
    try:
        serve(server, api, settings.outbox_interval_seconds)
    finally:
        api.database.close()
        api.recorder.close()
    return 0


def _open_recorder(settings: ApiSettings) -> Recorder:
    try:
        destination = open_destination(settings.emf_destination)
    except ValueError as error:
        raise SettingsError(f"ANB_EMF_DESTINATION: {error}") from error
    return open_recorder(
        destination,
        namespace=settings.metrics_namespace,
        service="api",
        log_group=settings.emf_log_group,
        records_max=settings.emf_queue_records_max,
    )


def build_api(settings: ApiSettings, recorder: Recorder) -> Api:
    """Everything that the resources need, wired."""
    database = Database(settings.database_url, pool_size=settings.threads + 2)
    aws = Aws(settings.region, settings.aws_endpoint_url)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url)
    media = MediaStore(aws, settings.bucket, connections=settings.threads)
    return Api(
        database=database,
        queue=queue,
        media=media,
        outbox=Outbox(database, queue, settings.bucket),
        passwords=Passwords(),
        tokens=Tokens(settings.jwt_secret.get_secret_value(), settings.token_seconds),
        recorder=recorder,
        upload_bytes_max=settings.upload_bytes_max,
        link_seconds=settings.link_seconds,
        own_vote_allowed=settings.own_vote_allowed,
    )


def build_server(settings: ApiSettings, api: Api) -> BaseWSGIServer:
    """waitress, listening. Raises OSError when the port is taken."""
    return waitress.create_server(
        create_app(api),
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        recv_bytes=RECEIVE_BYTES,
        max_request_body_size=settings.upload_bytes_max + 2 * FORM_OVERHEAD_BYTES,
        max_request_header_size=HEADER_BYTES_MAX,
        channel_timeout=IDLE_SECONDS_MAX,
        ident=None,
    )


def serve(server: BaseWSGIServer, api: Api, outbox_interval_seconds: float) -> None:
    """Serve until a signal; the sweeper of the outbox runs beside."""
    sweeping = Periodic("outbox-sweeper", outbox_interval_seconds, partial(_sweep_outbox, api))
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _stop)
    log.info("listening on http://%s:%s", server.effective_host, server.effective_port)
    sweeping.start()
    try:
        server.run()  # returns after SystemExit, and lets running requests finish for 5 s
    finally:
        sweeping.stop()
        server.close()


def _sweep_outbox(api: Api) -> None:
    api.recorder.record(SWEEP, {"MessagesResent": api.outbox.sweep()})


def _stop(signum: int, _frame: FrameType | None) -> None:
    log.info("stopping on %s", signal.Signals(signum).name)
    raise SystemExit(0)
