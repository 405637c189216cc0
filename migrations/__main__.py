"""``python -m migrations``: the database of ANB_DATABASE_URL gets the schema of this release."""

import sys

from migrations.upgrade import main

if __name__ == "__main__":
    sys.exit(main())
