"""Builds the book: site, PDF and notebooks, beside the last good one, and swaps at the end."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from qmdbook import quarto
from qmdbook.errors import BookError
from qmdbook.inputs import state_of_book
from qmdbook.project import CELL_TIMEOUT, load_project
from qmdbook.record import MARKER, is_current
from qmdbook.staging import staging

QUARTO_SITE = "search.json"  # what `quarto render` by itself leaves


@dataclass(frozen=True)
class Outputs:
    """Where the book is: its first page, the PDF and the notebooks."""

    site: Path
    pdf: Path
    notebooks: tuple[Path, ...]


def render(
    folder: Path, output_dir: Path, engine: str = "auto", cell_timeout: int = CELL_TIMEOUT
) -> Outputs:
    """Builds the book in `folder` into `output_dir`.

    Args:
        folder: where `_quarto.yml` is.
        output_dir: replaced as a whole once everything is built; until then the old one stays. If
            all is as this package's engine left it, nothing is done.
        engine: quarto, pandoc, or auto for Quarto if it is found.
        cell_timeout: seconds that one cell may take in this package's engine.

    Raises:
        BookError: names what in the book, or about the folder, has to be changed.
    """
    started = time.time()
    program = _choose(engine)
    project = load_project(folder, strict=program is None)
    state = "" if program else state_of_book(project)
    if state and is_current(output_dir, state, project.folder):
        print("Nothing has changed since the last time", flush=True)
        os.utime(output_dir / MARKER, (started, started))  # for make
    else:
        with staging(output_dir, MARKER, QUARTO_SITE) as stage:
            if program:
                quarto.render(program, project, stage)
            else:
                from qmdbook.build import build  # which takes a while to import

                build(project, stage, state, cell_timeout)
    notebooks = tuple(output_dir / "notebooks" / f"{name}.ipynb" for name in project.notebooks)
    return Outputs(output_dir / "index.html", output_dir / project.pdf_name, notebooks)


def _choose(engine: str) -> quarto.Quarto | None:
    """The Quarto to use, or None for this package's own engine; says which and why."""
    program = None if engine == "pandoc" else quarto.find_quarto()
    if program and not program.problem:
        print(f"Building with Quarto {program.version}", flush=True)
        return program
    if program and engine == "quarto":
        raise BookError(f"{quarto.NEEDED} is needed ({program.problem}): {quarto.CURE}.")
    why = f", without Quarto ({program.problem})" if program else ""
    print(f"Building with pandoc{why}", flush=True)
    return None
