"""Quarto starts this before and after a render, as `_quarto.yml` says."""

import sys

try:
    from qmdbook.completion import main
except ModuleNotFoundError as error:
    sys.exit(
        f"{sys.executable} has no {error.name}: install the book's packages there, "
        "`python -m pip install -e '.[book]'`, or set QUARTO_PYTHON to the Python that has them."
    )
sys.exit(main(sys.argv[1]))
