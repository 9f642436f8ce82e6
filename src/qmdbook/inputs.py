"""Digests of what a book is made from: what has not changed need not be made again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from qmdbook.memory import digest
from qmdbook.project import Project
from qmdbook.scripts import plain

HERE = Path(__file__).parent


def state_of(project: Project, chapter: Path | None = None) -> str:
    """Digest of all that a chapter's outputs depend on besides its own code.

    That is the content of its `inputs`, or of those of all chapters if none is named; Python; and
    the installed packages.
    """
    sources = [s for s in project.inputs if chapter is None or s.is_of(chapter.name)]
    patterns = [source.pattern for source in sources]
    paths = {path for pattern in patterns for path in project.folder.glob(pattern)}
    return _digest_of(project.folder, sorted(filter(Path.is_file, paths)), _environment())


def state_of_book(project: Project) -> str:
    """Digest of all that the book is made from, but for the files that its text shows or links.

    Raises:
        BookError: a script that pages load, or one that it imports, can't be read.
    """
    named = [project.folder / "_quarto.yml", *project.chapters, *project.resources]
    named += [project.bibliography] if project.bibliography else []
    builder = (path for path in HERE.rglob("*") if "__pycache__" not in path.parts)
    scripts = [plain(path) for path in project.resources if path.suffix == ".js"]
    return digest(
        repr(project).encode(),  # with the date
        state_of(project).encode(),
        _digest_of(project.folder, filter(Path.is_file, named)).encode(),
        _digest_of(HERE, sorted(filter(Path.is_file, builder))).encode(),
        *(script.encode() for script in scripts),  # with what they import
    )


def _digest_of(folder: Path, paths: Iterable[Path], *more: str) -> str:
    """Of files' names and contents."""
    files = [(path.relative_to(folder).as_posix(), digest(path.read_bytes())) for path in paths]
    return digest(json.dumps([files, *more]).encode())


@cache
def _environment() -> str:
    """Python and the installed packages, which stay as they are while this runs."""
    return " ".join(
        [sys.version, *sorted(f"{each.name} {each.version}" for each in distributions())]
    )
