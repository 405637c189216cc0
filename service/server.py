"""Builds the API from its settings and serves it until SIGTERM or SIGINT."""

import logging
import signal
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

from waitress.adjustments import Adjustments

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from service.access_tokens import Authenticator, Tokens
from service.admission import Admission
from service.app import Api, create_app
from service.draining import Draining
from service.http_server.client_deadlines import Deadlines
from service.http_server.http_server import HttpServer
from service.http_server.proxy import behind_proxy
from service.route_limits import RequestLimits
from service.settings import ApiSettings
from service.watchdog import ApiWatchdog
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import verify_schema
from showcase.deadlines import end_process_after
from showcase.errors import SettingsError, ShowcaseError
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.jobs.promises import UploadPromises
from showcase.passwords import Passwords
from showcase.periodic import Periodic
from showcase.places import check_places
from showcase.rate_limits import RateLimits
from showcase.settings import read_settings
from showcase.storage.media_store import MediaStore
from showcase.systemd import Notifier
from showcase.uploads.inbox import Inbox
from telemetry.catalogue import API, API_REQUEST, NO_ROUTE, REQUEST_QUEUE, ROUTE, SWEEP
from telemetry.destinations import UnusableDestination
from telemetry.logs import start_logging
from telemetry.publications import record_publications
from telemetry.recorder import Recorder, open_process_recorder

END_SECONDS = 30.0  # after the drain: for the last refusals, the current sweep and the last records
WAITING_SECONDS = 30.0  # between two records of the requests that wait: each minute has one
RECEIVE_BYTES = 64 * 1024  # waitress' default of 8 KiB doubles the CPU time of an upload

DESCRIPTION = """\
Serve the HTTP API until SIGTERM or Ctrl-C. The settings come from the environment and from .env (see .env.example).
"""
EXIT_CODES = {
    ExitCode.DONE: "stopped by a signal, after every request was answered or cut off",
    ExitCode.FAILED: "it could not start: the database, the schema or the port; the text says what",
}

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the API until a signal, and return an ExitCode."""
    parser = command_parser("service", DESCRIPTION, exit_codes=EXIT_CODES)
    parser.parse_args(arguments)
    screen = Screen()
    draining = Draining()
    try:
        settings = read_settings(ApiSettings)
        start_logging(settings.log_level, "api")
        api = build_api(settings, open_process_recorder(settings, API))
        verify_schema(api.database)
        check_places({"sqs_queue_url": api.queue.ping, "ANB_BUCKET": api.media.ping})
        watchdog = ApiWatchdog(
            Notifier(settings.notify_socket),
            settings.watchdog_usec,
            draining,
            end_seconds=settings.lame_duck_seconds + settings.drain_seconds + END_SECONDS,
            end_process_after=end_process_after,
        )
        server = build_server(settings, api, draining, watchdog)
    except (SettingsError, UnusableDestination) as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    except (ShowcaseError, OSError) as error:
        screen.fail(str(error))
        return ExitCode.FAILED
    try:
        serve(server, api, draining, settings, watchdog)
    finally:
        api.database.close()
        api.recorder.close()
    return ExitCode.DONE


def build_api(settings: ApiSettings, recorder: Recorder) -> Api:
    """Build everything that the resources need."""
    database = Database(settings.database_url, pool_size=settings.threads + 2)
    aws = Aws(settings.region, settings.aws_endpoint_url)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url)
    secret, previous = settings.jwt_secret.get_secret_value(), settings.jwt_secret_previous
    rate_limits = RateLimits(database, secret.encode())
    return Api(
        database=database,
        queue=queue,
        media=MediaStore(aws, settings.bucket, connections=settings.threads),
        inbox=Inbox(aws, settings.bucket, connections=settings.threads),
        outbox=Outbox(database, queue, settings.bucket),
        promises=UploadPromises(database, settings.publish_within_seconds),
        passwords=Passwords(),
        tokens=Tokens(secret, settings.token_seconds, previous=previous.get_secret_value() if previous else None),
        recorder=recorder,
        rate_limits=rate_limits,
        limits=RequestLimits.of(settings, rate_limits),
        upload_bytes_max=settings.upload_bytes_max,
        link_seconds=settings.link_seconds,
        direct_upload_seconds=settings.direct_upload_seconds,
        own_vote_allowed=settings.own_vote_allowed,
        cors_origins=settings.cors_origins,
    )


def build_server(settings: ApiSettings, api: Api, draining: Draining, watchdog: ApiWatchdog) -> HttpServer:
    """A server that listens. Raises OSError when the port is taken."""
    application = watchdog.around(create_app(api, draining))
    return HttpServer(
        behind_proxy(application, settings.trusted_proxy, settings.trusted_proxy_hops),
        Adjustments(
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            connection_limit=settings.connections_max,
            recv_bytes=RECEIVE_BYTES,
            max_request_header_size=settings.header_bytes_max,
            ident=None,
        ),
        admission=Admission(
            Authenticator(api.tokens),
            upload_bytes_max=settings.upload_bytes_max,
            disk_free_bytes_min=settings.disk_free_bytes_min,
        ),
        deadlines=Deadlines(
            head_seconds=settings.head_seconds,
            body_seconds=settings.body_seconds,
            body_grace_seconds=settings.body_grace_seconds,
            body_bytes_per_second_min=settings.body_bytes_per_second_min,
            idle_seconds=settings.idle_seconds,
        ),
        draining=draining,
        per_address_max=settings.connections_per_address_max,
        proxy=settings.trusted_proxy,
        on_turn=watchdog.turn,
    )


def serve(server: HttpServer, api: Api, draining: Draining, settings: ApiSettings, watchdog: ApiWatchdog) -> None:
    """Serve until a signal, then until every request is answered. A sweeper of the outbox and a gauge run beside it."""
    sweeper = Periodic("outbox-sweeper", settings.outbox_interval_seconds, partial(_sweep, api))
    gauge = Periodic("requests-waiting", WAITING_SECONDS, lambda _is_stopping: _record_waiting(server, api.recorder))
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, partial(_stop, server, draining))
    log.info("listening on http://%s:%s", server.effective_host, server.effective_port)
    sweeper.start()
    gauge.start()
    watchdog.ready()
    try:
        cut = server.serve(lame_duck_seconds=settings.lame_duck_seconds, drain_seconds=settings.drain_seconds)
        _record_waiting(server, api.recorder)
        _record_cut(api.recorder, cut)
    finally:
        gauge.stop()
        sweeper.stop()
        server.close()


def _sweep(api: Api, is_stopping: Callable[[], bool]) -> None:
    if judged := api.promises.judge():
        record_publications(api.recorder, due=judged.due, late=judged.late, late_videos=judged.late_videos)
    resent = api.outbox.sweep(is_stopping)
    api.recorder.record(SWEEP, {"MessagesResent": resent, "RateLimitsRemoved": api.rate_limits.sweep()})


def _record_waiting(server: HttpServer, recorder: Recorder) -> None:
    recorder.record(REQUEST_QUEUE, {"RequestsWaiting": server.take_most_waiting()})


def _stop(server: HttpServer, draining: Draining, _signum: int, _frame: FrameType | None) -> None:
    # A signal handler may take no lock. A second signal does nothing: the server may be closed by then.
    if not draining.has_begun:
        draining.begin()
        server.wake()


def _record_cut(recorder: Recorder, cut: int) -> None:
    """Count each request that was cut off as a server error. Its client got no answer."""
    log.log(logging.WARNING if cut else logging.INFO, "stopped; %d requests cut off", cut)
    for _ in range(cut):
        metrics = {"Requests": 1, "ClientErrors": 0, "RateLimited": 0, "ServerErrors": 1}
        recorder.record(API_REQUEST, metrics, dimensions={ROUTE: NO_ROUTE}, properties={"cut": True})
