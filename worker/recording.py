"""The recorder of everything that runs on a worker: the policy and the alarms know one service, ``worker``."""

from showcase.errors import SettingsError
from showcase.settings import WorkerSettings
from telemetry.destinations import open_destination
from telemetry.recorder import Recorder, open_recorder


def open_worker_recorder(settings: WorkerSettings) -> Recorder:
    """Raises SettingsError for a destination that cannot be, OSError for one that cannot be opened."""
    try:
        destination = open_destination(settings.emf_destination)
    except ValueError as error:
        raise SettingsError(f"ANB_EMF_DESTINATION: {error}") from error
    return open_recorder(
        destination,
        namespace=settings.metrics_namespace,
        service="worker",
        log_group=settings.emf_log_group,
        records_max=settings.emf_queue_records_max,
    )
