"""Processes whose clocks are two days off, in both directions, lose no upload, and still remove old objects.

That no other code reads the clock of its process is held by ``tests.architecture.clocks``.
"""

import io
import uuid

import pytest

from local.client import ApiClient, PlayerAccount
from showcase.uploads.direct_uploads import inbox_key
from showcase.videos import original_key
from tests.clips import Clips
from tests.faults.system_under_faults import SystemUnderFaults

TWO_DAYS = 2 * 86_400
HOUSEKEEPING = {"ANB_HOUSEKEEPING_SECONDS": "0.3"}


def store_without_row(system: SystemUnderFaults) -> set[str]:
    """The objects of an upload that is not accepted yet, and of a direct one."""
    keys = {original_key(uuid.uuid4()), inbox_key(uuid.uuid4())}
    for key in keys:
        system.media.put_stream(key, io.BytesIO(b"x"))
    return keys


def turns(system: SystemUnderFaults) -> int:
    return sum(point.name == "OrphansRemoved" for point in system.datapoints())


@pytest.mark.parametrize("ahead", [TWO_DAYS, -TWO_DAYS], ids=["worker ahead", "worker behind"])
def test_a_worker_and_an_api_with_opposite_clocks_remove_no_young_object_and_process_each_upload_once(
    system: SystemUnderFaults, clips: Clips, ahead: int
) -> None:
    young = store_without_row(system)
    system.start_worker(CLOCK_AHEAD_SECONDS=str(ahead), **HOUSEKEEPING)  # an object is an orphan after a day
    system.start_api(CLOCK_AHEAD_SECONDS=str(-ahead))
    client = ApiClient(f"http://127.0.0.1:{system.api_port}")
    account = PlayerAccount("Laura", "Gómez", "laura@example.com", "Bogotá")
    client.sign_up(account)
    client.log_in(account)
    video_id = client.upload(clips.plain(), "Mi jugada")
    system.wait_until(lambda: client.video(video_id)["status"] == "processed", "processed")
    client.close()
    before = turns(system)
    system.wait_until(lambda: turns(system) > before + 1, "a whole turn of the housekeeping")
    video = {original_key(uuid.UUID(video_id)), f"processed/{video_id}/1.mp4"}
    assert system.objects() == young | video
    assert [system.counted(name) for name in ("Jobs", "OrphansRemoved", "MessagesResent")] == [1, 0, 0]


def test_a_worker_whose_clock_is_behind_removes_old_objects(system: SystemUnderFaults) -> None:
    old = store_without_row(system)
    system.start_worker(CLOCK_AHEAD_SECONDS=str(-TWO_DAYS), ANB_ORPHAN_AGE_SECONDS="1", **HOUSEKEEPING)
    system.wait_until(lambda: not old & system.objects(), "removed")
