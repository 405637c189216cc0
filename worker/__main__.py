"""``python -m worker``: process videos until SIGTERM."""

import sys

from worker.process import main

if __name__ == "__main__":
    sys.exit(main())
