"""The small book, built once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qmdbook.render import Outputs, render
from smallbook import write_book


@pytest.fixture(scope="session")
def built(build_once: Callable[[str, Callable[[Path], Outputs]], Outputs]) -> Outputs:
    """The small book built by pandoc, with spaces, an accent and a quote in its path."""

    def make(folder: Path) -> Outputs:
        book = write_book(folder / "it's")
        return render(book, book / "_book", "pandoc")

    return build_once("small bôok", make)
