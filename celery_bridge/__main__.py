"""``python -m celery_bridge``: moves what waits from the old Celery queue to SQS and, for a rollback, back."""

import sys
from importlib.util import find_spec


def main() -> int:
    """Run the command if its packages are installed; 2 if they are not."""
    if missing := [name for name in ("celery", "redis") if find_spec(name) is None]:
        needed = "The bridge needs more than the worker: pip install -r celery_bridge/requirements.txt"
        print(f"No package {' and '.join(missing)}. {needed}", file=sys.stderr)  # noqa: T201 - a tool for the terminal
        return 2
    from celery_bridge.command import main as run  # noqa: PLC0415 - needs these packages

    return run()


if __name__ == "__main__":
    sys.exit(main())
