"""The checks of everything that a worker needs on its host. Each check looks at one thing, and says how to mend it."""

import json
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from io import BytesIO
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import ArgumentError

from showcase.aws import Aws
from showcase.database.engine import Database, database_time
from showcase.database.tables import verify_schema
from showcase.errors import SettingsError, ShowcaseError, Unavailable
from showcase.jobs.job_queue import JobQueue
from showcase.settings import MIB, read_settings
from showcase.storage.media_store import MediaStore
from worker.media.artwork import check_bumper, find_artwork, read_watermark
from worker.media.confinement import find_confinement
from worker.media.encoder import find_encoder
from worker.settings import WorkerSettings
from worker.workspace import FREE_BYTES_MIN

SKEW_SECONDS_MAX = 5.0
FREE_BYTES_FEW = 2048 * MIB
PROBE = b"written and removed by python -m worker.doctor"


class Grade(StrEnum):
    """How bad a finding is. A worker works with warnings, and does not work with a failure."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    """What a check found. ``advice`` says what to do, and is empty if nothing is wrong."""

    grade: Grade
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The name of a check, and its verdict."""

    check: str
    verdict: CheckVerdict


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``advice`` says what to do if ``look`` raises an error."""

    name: str
    look: Callable[[WorkerSettings], CheckVerdict]
    advice: str


def diagnose() -> Iterator[Finding]:
    """Make all checks, also after a failure. The first check is of the settings, so they are read here."""
    try:
        settings = read_settings(WorkerSettings)
    except SettingsError as error:
        headline, *faults = (line.strip() for line in str(error).splitlines())
        message = f"{headline} {'; '.join(faults)}"
        yield Finding("settings", CheckVerdict(Grade.FAILURE, message, "Set them in the environment or in .env."))
        yield from (_not_made(check, "the settings must be right first") for check in CHECKS)
    else:
        yield Finding("settings", CheckVerdict(Grade.OK, "complete"))
        yield from _examine(settings)


def _examine(settings: WorkerSettings) -> Iterator[Finding]:
    """Make all CHECKS. Only the first one that needs an absent dependency fails; the others count as not made."""
    away: set[str] = set()
    for check in CHECKS:
        try:
            yield Finding(check.name, check.look(settings))
        except Unavailable as error:
            if error.dependency in away:  # an earlier finding says why
                yield _not_made(check, f"the {error.dependency} is away")
            else:
                away.add(error.dependency)
                # The text of the library may be shown: neither boto3 nor libpq repeats credentials.
                cause = getattr(error.__cause__, "orig", None) or error.__cause__
                message = f"{error} ({_first_line(cause) if cause else 'no reason given'})"
                yield Finding(check.name, CheckVerdict(Grade.FAILURE, message, check.advice))
        except Exception as error:  # noqa: BLE001 - after any error, the other checks are still made
            yield Finding(check.name, CheckVerdict(Grade.FAILURE, _safe_text(error), check.advice))


def _not_made(check: Check, why: str) -> Finding:
    return Finding(check.name, CheckVerdict(Grade.WARNING, f"not checked: {why}", "Run the doctor again after that."))


def _safe_text(error: Exception) -> str:
    """The text of an expected error. Of an unexpected error only the class, because its text may contain secrets."""
    expected = (ShowcaseError, OSError, subprocess.SubprocessError)
    return _first_line(error) if isinstance(error, expected) else f"unexpected {type(error).__name__}"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def _database(settings: WorkerSettings) -> Iterator[Database]:
    try:
        database = Database(settings.database_url, pool_size=1)
        # With an unescaped @, the end of the password becomes a part of the host, and libpq shows the host.
        is_url = "@" not in (database.engine.url.host or "")
    except (ArgumentError, ValueError):  # their texts may contain the password
        is_url = False
    if not is_url:
        raise SettingsError("ANB_DATABASE_URL is not a URL")
    try:
        yield database
    finally:
        database.close()


def _queue(settings: WorkerSettings) -> JobQueue:
    aws = Aws(settings.region, settings.aws_endpoint_url)
    return JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url)


def check_database(settings: WorkerSettings) -> CheckVerdict:
    """The database answers with these credentials."""
    with _database(settings) as database:
        database.ping()
        url = database.engine.url.set(password=None, query={})
        return CheckVerdict(Grade.OK, f"{url.render_as_string()} answers")


def check_schema(settings: WorkerSettings) -> CheckVerdict:
    """The database has all tables and columns of this version."""
    with _database(settings) as database:
        verify_schema(database)
    return CheckVerdict(Grade.OK, "has every table and column")


def check_clock(settings: WorkerSettings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> CheckVerdict:
    """The clock of this machine agrees with the database's."""
    with _database(settings) as database, database.reading() as connection:
        machine_time = now()
        skew = (machine_time - connection.execute(select(database_time())).scalar_one()).total_seconds()
    if abs(skew) <= SKEW_SECONDS_MAX:
        return CheckVerdict(Grade.OK, f"within {SKEW_SECONDS_MAX:.0f} s of the database's")
    message = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the database's"
    return CheckVerdict(
        Grade.WARNING, message, "Start a time service on both (chrony). AWS refuses requests that are minutes off."
    )


def check_queue(settings: WorkerSettings) -> CheckVerdict:
    """The queue answers, and has the visibility timeout of the settings."""
    hidden, expected = _queue(settings).wiring().visibility_timeout_seconds, settings.visibility_timeout_seconds
    if hidden == expected:
        return CheckVerdict(Grade.OK, f"answers; a received message stays hidden for {hidden} s")
    advice = (
        f"aws sqs set-queue-attributes --queue-url {settings.queue_url} --attributes VisibilityTimeout={expected}"
        f" (or set sqs_visibility_timeout={hidden})"
    )
    message = f"hides a received message for {hidden} s; sqs_visibility_timeout says {expected}"
    if hidden > settings.heartbeat_seconds:
        return CheckVerdict(Grade.WARNING, message, advice)
    return CheckVerdict(Grade.FAILURE, f"{message}, and the first heartbeat comes too late for it", advice)


def check_dead_letter_queue(settings: WorkerSettings) -> CheckVerdict:
    """The dead-letter queue exists, and the queue's redrive policy sends failing messages to it."""
    queue = _queue(settings)
    expected = queue.dead_letter_arn()
    wiring = queue.wiring()
    count = settings.receive_count_max
    policy = {"deadLetterTargetArn": expected, "maxReceiveCount": str(count)}
    attributes = json.dumps({"RedrivePolicy": json.dumps(policy)})
    advice = f"aws sqs set-queue-attributes --queue-url {settings.queue_url} --attributes '{attributes}'"
    if wiring.redrive_target_arn is None:
        return CheckVerdict(
            Grade.FAILURE, "the queue has no redrive policy: a poison message comes back for days", advice
        )
    if wiring.redrive_target_arn != expected:
        message = f"the queue's redrive policy points to {wiring.redrive_target_arn}, the settings to {expected}"
        return CheckVerdict(Grade.FAILURE, message, advice)
    if wiring.receive_count_max != count:
        message = f"the queue's maxReceiveCount is {wiring.receive_count_max}; sqs_max_receive_count says {count}"
        return CheckVerdict(Grade.WARNING, message, advice)
    return CheckVerdict(Grade.OK, f"gets each message that was received {count} times")


def check_bucket(settings: WorkerSettings) -> CheckVerdict:
    """An object can be written, read and deleted."""
    media = MediaStore(Aws(settings.region, settings.aws_endpoint_url), settings.bucket)
    key = f"doctor/{uuid.uuid4()}"
    media.put_stream(key, BytesIO(PROBE), content_type="text/plain")
    try:
        with tempfile.TemporaryDirectory() as directory:
            media.download(key, Path(directory) / "probe")
    finally:
        media.delete(key)
    return CheckVerdict(Grade.OK, f"{settings.bucket}: stored, fetched and removed a small object")


def check_ffmpeg(settings: WorkerSettings) -> CheckVerdict:
    """There is an ffmpeg that is new enough and has all parts that are needed."""
    encoder = find_encoder(settings.ffmpeg)
    message = f"{encoder.version} ({encoder.origin}, {encoder.path})"
    if encoder.tone_maps:
        return CheckVerdict(Grade.OK, message)
    return CheckVerdict(
        Grade.WARNING,
        f"{message} has no zscale or tonemap: HDR clips become pale",
        "Install an ffmpeg that is built with libzimg (Debian's is), or set ANB_FFMPEG to one.",
    )


def check_artwork(settings: WorkerSettings) -> CheckVerdict:
    """Watermark and bumpers can be decoded, as the worker does it at its start."""
    files = find_artwork(settings.watermark, settings.opening_bumper, settings.closing_bumper)
    try:
        encoder = find_encoder(settings.ffmpeg)
    except SettingsError:  # the check of ffmpeg reports the reason
        return CheckVerdict(Grade.WARNING, "not checked: there is no ffmpeg", "Run the doctor again after that.")
    confinement = find_confinement()
    read_watermark(encoder, confinement, files.watermark)
    for bumper in (files.opening, files.closing):
        check_bumper(encoder, confinement, bumper)
    return CheckVerdict(Grade.OK, "watermark and both bumpers can be decoded")


def check_confinement(_settings: WorkerSettings) -> CheckVerdict:
    """All protections around ffmpeg work here."""
    described = find_confinement().describe()
    if described == "complete":
        return CheckVerdict(Grade.OK, described)
    return CheckVerdict(
        Grade.WARNING, described, "Install util-linux, and allow user namespaces (kernel.unprivileged_userns_clone)."
    )


def check_disk(
    settings: WorkerSettings,
    *,
    free_bytes: Callable[[Path], int] = lambda directory: shutil.disk_usage(directory).free,
) -> CheckVerdict:
    """The work directory can be written to, and has enough free space."""
    directory = settings.work_directory
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=directory):
        free = free_bytes(directory)
    message = f"{free // MIB} MiB free in {directory}"
    advice = "Free some space, or set ANB_WORK_DIRECTORY to a larger disk."
    if free < FREE_BYTES_MIN:
        return CheckVerdict(Grade.FAILURE, f"{message}, at least {FREE_BYTES_MIN // MIB} are needed", advice)
    if free < FREE_BYTES_FEW:
        return CheckVerdict(Grade.WARNING, f"{message}, {FREE_BYTES_FEW // MIB} would be comfortable", advice)
    return CheckVerdict(Grade.OK, message)


_QUEUE_ADVICE = "Check the URL, sqs_region, the credentials and their policy (see showcase/jobs/job_queue.py)."

CHECKS = (
    Check("database", check_database, "Check ANB_DATABASE_URL (special characters as %XX), server and security group."),
    Check("schema", check_schema, "Run it in the checkout, with the same ANB_DATABASE_URL."),
    Check("clock", check_clock, "See the check of the database."),
    Check("queue", check_queue, f"sqs_queue_url: {_QUEUE_ADVICE}"),
    Check("dead-letter queue", check_dead_letter_queue, f"sqs_dead_letter_queue_url: {_QUEUE_ADVICE}"),
    Check(
        "bucket",
        check_bucket,
        "Check ANB_BUCKET, the credentials, and that their policy allows doctor/* (see infra/worker.yaml).",
    ),
    Check(
        "ffmpeg",
        check_ffmpeg,
        "Leave ANB_FFMPEG empty for the wheel's ffmpeg, or name one that is good enough.",
    ),
    Check("artwork", check_artwork, "Name other files, or leave the variables empty for the artwork of this project."),
    Check("confinement", check_confinement, "Run `unshare --map-root-user --net true` to see why it hangs."),
    Check("disk", check_disk, "Make ANB_WORK_DIRECTORY a directory that the worker may write to."),
)
