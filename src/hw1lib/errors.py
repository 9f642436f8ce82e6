"""The one error that a user is meant to see."""

from __future__ import annotations

import os


class InputError(Exception):
    """Raised for unusable input.

    The message is one sentence that names the field or file and the cure. The command line prints
    it without a traceback and exits with code 2; in a notebook it stands alone below the cell.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows below a cell in place of a traceback."""
        return [str(self)]


def shown(path: str | os.PathLike[str]) -> str:
    """`path` for a message: on one line and printable, whatever its name is made of."""
    characters = (c if c.isprintable() else ascii(c)[1:-1] for c in os.fspath(path))
    return "".join(characters)
