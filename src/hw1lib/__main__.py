"""`python -m hw1lib` is the command `hw1`."""

import sys

from hw1lib.cli import main

sys.exit(main())
