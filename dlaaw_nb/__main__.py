"""``python -m dlaaw_nb`` does what the ``dlaaw`` command does."""

import sys

from dlaaw_nb.cli import main

if __name__ == "__main__":
    sys.exit(main())
