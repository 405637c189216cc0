"""What uploads of the largest allowed size cost the API: `python -m benchmarks.upload`.

Each number of simultaneous uploads meets a new API process that has served nothing but one small upload: what
the process kept from earlier work would hide what the uploads need. The players log in with another process
before, because hashing a password takes 19 MiB. The peak is the kernel's own high-water mark of the process.
"""

import argparse
import struct
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, rmtree

import psutil
from rich.console import Console
from rich.table import Table

from local.client import ApiClient, PlayerAccount
from local.system.local_system import START_SECONDS, LocalSystem, check_stopped_well
from local.system.processes import ManagedProcess, answers
from service.settings import ApiSettings
from showcase.settings import MIB
from worker.media.encoder import find_encoder

HOME = Path(".local/bench-upload").resolve()
MB = 1_000_000
CLIP_SECONDS = 20
BOX_HEADER_BYTES = 8
# Growth of the API's resident memory over what it had before.
GROWTH_BYTES_MAX = {1: 20 * MB, 8: 90 * MB}
RESET_PEAK = "5"  # what /proc/PID/clear_refs calls "set the high-water mark to the memory of now"


@dataclass(frozen=True, slots=True)
class Result:
    """What ``uploads`` simultaneous uploads cost the process of the API."""

    uploads: int
    before_bytes: int
    peak_bytes: int
    after_bytes: int
    cpu_seconds: float
    wall_seconds: float

    @property
    def growth_bytes(self) -> int:
        return self.peak_bytes - self.before_bytes


def main() -> int:
    """Run, report; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description="Memory and CPU of the API under uploads of the largest size.")
    parser.add_argument("--rounds", type=int, default=1, help="how often each number of uploads is measured")
    rounds: int = parser.parse_args().rounds
    HOME.mkdir(parents=True, exist_ok=True)
    small = make_clip(HOME / "small.mp4")
    large = pad_clip(small, HOME / "large.mp4", ApiSettings.model_fields["upload_bytes_max"].default)
    results = [measure(uploads, small, large) for _ in range(rounds) for uploads in GROWTH_BYTES_MAX]
    return report(Console(), results, large)


def make_clip(target: Path) -> Path:
    """The cheapest clip that the contest accepts; kept from an earlier run."""
    if not target.exists():
        draft = target.with_stem("draft")
        source = f"color=c=navy:s=1920x1080:r=10:d={CLIP_SECONDS}"
        encoding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        command = [find_encoder(None).path, "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, *encoding]
        subprocess.run([*command, str(draft)], check=True)
        draft.replace(target)
    return target


def pad_clip(clip: Path, target: Path, size_bytes: int) -> Path:
    """The same clip, with a box of nothing behind it, so that the file has ``size_bytes``."""
    copyfile(clip, target)
    with target.open("r+b") as file:
        file.seek(0, 2)
        file.write(struct.pack(">I4s", size_bytes - file.tell(), b"free"))
        file.truncate(size_bytes)
    return target


def measure(uploads: int, small: Path, large: Path) -> Result:
    """Measure one API under so many uploads at once."""
    directory = HOME / f"{uploads}-uploads"
    rmtree(directory, ignore_errors=True)
    with LocalSystem(directory) as system, ExitStack() as stack:
        clients = [_log_in(system, stack) for _ in range(uploads)]
        for process in (system.worker, system.api):
            check_stopped_well(process)
        api = ManagedProcess("service", [], system.environment, directory / "measured-api.log")
        stack.callback(api.stop)
        api.wait_until(lambda: answers(int(system.environment["ANB_API_PORT"])), "listening", START_SECONDS)
        clients[0].upload(small, "Calentamiento")
        return _measure_uploads(psutil.Process(api.pid), clients, large)


def _log_in(system: LocalSystem, stack: ExitStack) -> ApiClient:
    client = ApiClient(system.api_url)
    stack.callback(client.close)
    account = PlayerAccount("Laura", "Gómez", f"{uuid.uuid4().hex}@example.com", "Bogotá")
    client.sign_up(account)
    client.log_in(account)
    return client


def _measure_uploads(api: psutil.Process, clients: list[ApiClient], clip: Path) -> Result:
    Path(f"/proc/{api.pid}/clear_refs").write_text(RESET_PEAK)
    before_bytes, cpu_before, started = _status_bytes(api, "VmRSS"), _cpu_seconds(api), time.monotonic()
    with ThreadPoolExecutor(len(clients)) as pool:
        for upload in [pool.submit(client.upload, clip, "Mi mejor jugada") for client in clients]:
            upload.result()
    return Result(
        uploads=len(clients),
        before_bytes=before_bytes,
        peak_bytes=_status_bytes(api, "VmHWM"),
        after_bytes=_status_bytes(api, "VmRSS"),
        cpu_seconds=_cpu_seconds(api) - cpu_before,
        wall_seconds=time.monotonic() - started,
    )


def _status_bytes(process: psutil.Process, name: str) -> int:
    """A line such as ``VmHWM:   12345 kB`` of the process' status."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"the kernel tells no {name}")


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def report(console: Console, results: list[Result], clip: Path) -> int:
    """Print all results; return 1 when one misses its target."""
    table = Table(title=f"uploads of {clip.stat().st_size / MIB:.0f} MiB through the API into the emulated S3")
    for column in ("uploads at once", "RSS before", "peak", "growth", "target", "RSS after", "CPU s/upload", "wall s"):
        table.add_column(column, justify="right")
    for result in results:
        memory = (result.before_bytes, result.peak_bytes, result.growth_bytes, GROWTH_BYTES_MAX[result.uploads])
        cells = [f"{count / MB:.1f} MB" for count in (*memory, result.after_bytes)]
        cpu = result.cpu_seconds / result.uploads
        table.add_row(str(result.uploads), *cells, f"{cpu:.2f}", f"{result.wall_seconds:.1f}")
    console.print(table)
    return int(any(result.growth_bytes > GROWTH_BYTES_MAX[result.uploads] for result in results))


if __name__ == "__main__":
    sys.exit(main())
