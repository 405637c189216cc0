"""``python -m benchmarks.upload``: memory and CPU of the API under uploads of the largest allowed size.

Each number of simultaneous uploads meets a new API process that has served only one small upload, because memory kept
from earlier work would hide what the uploads need. The players log in through another process before, because hashing
a password takes 19 MiB. The peak is the kernel's own high-water mark of the process.
"""

import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, rmtree

import psutil
from rich.table import Table

from benchmarks.benchmark_screen import benchmark_screen
from benchmarks.process_figures import cpu_of, status_bytes
from benchmarks.targets import EXIT_CODES
from cli.command_parser import ExitCode, command_parser
from local.client import ApiClient, signed_in_client
from local.system.local_system import START_SECONDS, LocalSystem, check_stopped_well
from local.system.processes import ManagedProcess, answers
from service.settings import ApiSettings
from showcase.settings import MIB
from worker.media.encoder import find_encoder

HOME = Path(".local/bench-upload").resolve()
MB = 1_000_000
CLIP_SECONDS = 20
# Growth of the API's resident memory over what it had before.
GROWTH_BYTES_MAX = {1: 20 * MB, 8: 90 * MB}
RESET_PEAK = "5"  # written to /proc/PID/clear_refs, it sets the high-water mark to the present memory

DESCRIPTION = """\
Measure the memory and CPU time of the API under uploads of 100 MiB into the emulated S3: one at a time, and eight at
once. Each number of uploads meets a new API process.
"""


@dataclass(frozen=True, slots=True)
class UploadCost:
    """The cost of ``uploads`` simultaneous uploads for the process of the API."""

    uploads: int
    before_bytes: int
    peak_bytes: int
    after_bytes: int
    cpu_seconds: float
    wall_seconds: float

    @property
    def growth_bytes(self) -> int:
        return self.peak_bytes - self.before_bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; return an ExitCode."""
    parser = command_parser("benchmarks.upload", DESCRIPTION, exit_codes=EXIT_CODES)
    parser.add_argument("--rounds", type=int, default=1, help="how often each number of uploads runs (default 1)")
    rounds: int = parser.parse_args(arguments).rounds
    HOME.mkdir(parents=True, exist_ok=True)
    small = make_clip(HOME / "small.mp4")
    large = pad_clip(small, HOME / "large.mp4", ApiSettings.model_fields["upload_bytes_max"].default)
    costs = [measure_uploads(uploads, small, large) for _ in range(rounds) for uploads in GROWTH_BYTES_MAX]
    benchmark_screen().show(_table(costs, large))
    is_met = all(cost.growth_bytes <= GROWTH_BYTES_MAX[cost.uploads] for cost in costs)
    return ExitCode.DONE if is_met else ExitCode.FAILED


def make_clip(target: Path) -> Path:
    """The cheapest clip that the contest accepts; one of an earlier run is used again."""
    if not target.exists():
        draft = target.with_stem("draft")
        source = f"color=c=navy:s=1920x1080:r=10:d={CLIP_SECONDS}"
        encoding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        command = [find_encoder(None).path, "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, *encoding]
        subprocess.run([*command, str(draft)], check=True)
        draft.replace(target)
    return target


def pad_clip(clip: Path, target: Path, size_bytes: int) -> Path:
    """Copy the clip and append an empty box, so that the file has ``size_bytes``."""
    copyfile(clip, target)
    with target.open("r+b") as file:
        file.seek(0, 2)
        file.write(struct.pack(">I4s", size_bytes - file.tell(), b"free"))
        file.truncate(size_bytes)
    return target


def measure_uploads(uploads: int, small: Path, large: Path) -> UploadCost:
    """Measure a new API under that many uploads of ``large`` at once, after one upload of ``small``."""
    directory = HOME / f"{uploads}-uploads"
    rmtree(directory, ignore_errors=True)
    with LocalSystem(directory) as system, ExitStack() as stack:
        clients = [stack.enter_context(signed_in_client(system.api_url)) for _ in range(uploads)]
        for process in (system.worker, system.api):
            check_stopped_well(process)
        api = ManagedProcess("service", [], system.environment, directory / "measured-api.log")
        stack.callback(api.stop)
        api.wait_until(lambda: answers(int(system.environment["ANB_API_PORT"])), "listening", START_SECONDS)
        clients[0].upload(small, "Calentamiento")
        return _upload_at_once(psutil.Process(api.pid), clients, large)


def _upload_at_once(api: psutil.Process, clients: list[ApiClient], clip: Path) -> UploadCost:
    Path(f"/proc/{api.pid}/clear_refs").write_text(RESET_PEAK)
    before_bytes, cpu_before, started = status_bytes("VmRSS", api.pid), cpu_of(api).own, time.monotonic()
    with ThreadPoolExecutor(len(clients)) as pool:
        for upload in [pool.submit(client.upload, clip, "Mi mejor jugada") for client in clients]:
            upload.result()
    return UploadCost(
        uploads=len(clients),
        before_bytes=before_bytes,
        peak_bytes=status_bytes("VmHWM", api.pid),
        after_bytes=status_bytes("VmRSS", api.pid),
        cpu_seconds=cpu_of(api).own - cpu_before,
        wall_seconds=time.monotonic() - started,
    )


def _table(costs: list[UploadCost], clip: Path) -> Table:
    table = Table(title=f"uploads of {clip.stat().st_size / MIB:.0f} MiB through the API into the emulated S3")
    for column in ("uploads at once", "RSS before", "peak", "growth", "target", "RSS after", "CPU s/upload", "wall s"):
        table.add_column(column, justify="right")
    for cost in costs:
        memory = (cost.before_bytes, cost.peak_bytes, cost.growth_bytes, GROWTH_BYTES_MAX[cost.uploads])
        cells = [f"{count / MB:.1f} MB" for count in (*memory, cost.after_bytes)]
        table.add_row(str(cost.uploads), *cells, f"{cost.cpu_seconds / cost.uploads:.2f}", f"{cost.wall_seconds:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
