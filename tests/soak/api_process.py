"""``python -m tests.soak.api_process``: the API, with short times."""

import sys

import service.server
from tests.soak.short_times import shorten_times
from tests.soak.visible_memory import make_memory_visible

if __name__ == "__main__":
    make_memory_visible()
    shorten_times()
    sys.exit(service.server.main())
