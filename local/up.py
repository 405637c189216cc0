"""``make up``: the whole system on this machine until Ctrl-C."""

import signal
import sys
from pathlib import Path

from rich.console import Console

from local.system.local_system import LocalSystem
from local.system.processes import LocalSystemError, free_port

DIRECTORY = Path(".local/up")
PREFERRED_API_PORT = 8080


def main() -> int:
    """Start, print the URLs, wait for Ctrl-C or SIGTERM, stop."""
    console = Console()
    stop_signals = {signal.SIGINT, signal.SIGTERM}
    try:
        with LocalSystem(DIRECTORY, api_port=free_port(PREFERRED_API_PORT)) as system:
            console.print(f"API           {system.api_url}/api/health/ready")
            console.print(f"AWS emulator  {system.emulator.url}")
            console.print(f"database      {system.database_url}")
            console.print(f"EMF records   {system.emf_log}")
            console.print(f"logs          {system.directory}/*.log")
            console.print("Ctrl-C stops it all.")
            signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
            signal.sigwait(stop_signals)
            console.print("stopping …")
    except LocalSystemError as error:
        console.print(f"[bold red]It does not start:[/] {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
