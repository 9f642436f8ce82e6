"""The small book, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from qmdbook.render import Outputs, render
from smallbook import write_book


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book's folder, with spaces and an accent in its path."""
    return write_book(tmp_path_factory.mktemp("small bôok") / "it's")


@pytest.fixture(scope="session")
def built(book: Path) -> Outputs:
    """The small book built by pandoc."""
    return render(book, book / "_book", "pandoc")
