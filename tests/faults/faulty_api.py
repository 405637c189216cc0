"""``python -m tests.faults.faulty_api``: the API, with a fault."""

import os
import sys

import service.server
from tests.faults.injection import Fault, Steps, inject

if __name__ == "__main__":
    inject(Steps(Fault.from_text(os.environ.get("FAULT", ""))))
    sys.exit(service.server.main())
