"""This package's own engine: all formats of a book, from its chapters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from qmdbook.book import prepare
from qmdbook.notebook import write_notebooks
from qmdbook.pdf import build_pdf
from qmdbook.project import Project
from qmdbook.record import files_in, write_record
from qmdbook.site import build_site


def build(project: Project, stage: Path, state: str, cell_timeout: int) -> None:
    """Writes site, PDF and notebooks into `stage`, and a record of them.

    Args:
        project: the book.
        stage: an empty folder.
        state: a digest of all that the book is made from.
        cell_timeout: seconds that one cell may take.

    Raises:
        BookError: names what in the book has to be changed.
    """
    book = prepare(project, stage, cell_timeout)
    copies = [name for name in files_in(stage) if (project.folder / name).is_file()]
    with ThreadPoolExecutor(3) as pool:  # which wait for pandoc's workers and for typst
        tasks = (
            pool.submit(build_pdf, book, project.pdf_name),  # which takes longest
            pool.submit(build_site, book),
            pool.submit(write_notebooks, book, stage / "notebooks"),
        )
        for task in tasks:
            task.result()
    write_record(stage, state, copies)
