"""Builds the book: site, PDF and notebooks, beside the last good one, and swaps at the end."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from hw1lib.errors import InputError
from qmdbook import quarto
from qmdbook.check import check_book
from qmdbook.execute import CELL_TIMEOUT, execute_chapters
from qmdbook.notebook import build_notebook
from qmdbook.pandoc import Document, all_labels, number_chapters
from qmdbook.pdf import build_pdf
from qmdbook.project import Project, load_project
from qmdbook.qmd import Chapter, parse_chapter
from qmdbook.site import TEMPLATES, build_site, built_from, has_notebook
from qmdbook.staging import staging
from qmdbook.weave import weave

MARKER = ".hw1-book"
QUARTO_SITE = "search.json"  # what `quarto render` by itself leaves


@dataclass(frozen=True)
class Outputs:
    """Where the book is, and what made it."""

    site: Path
    pdf: Path
    notebooks: tuple[Path, ...]
    engine: str


@dataclass(frozen=True)
class Book:
    """Chapters parsed, run, woven and numbered: all that the formats are made from."""

    project: Project
    chapters: list[Chapter]
    executed: dict[str, NotebookNode]
    documents: list[Document]


def render(
    folder: Path, output_dir: Path, engine: str = "auto", cell_timeout: int = CELL_TIMEOUT
) -> Outputs:
    """Builds the book in `folder` into `output_dir`.

    Args:
        folder: where `_quarto.yml` is.
        output_dir: replaced as a whole once everything is built; until then the old one stays.
        engine: quarto, pandoc, or auto for Quarto where it is found.
        cell_timeout: seconds that one cell may take.

    Raises:
        InputError: names what in the book, or about the folder, has to be changed.
    """
    found = quarto.find_quarto() if engine != "pandoc" else None
    if engine == "quarto" and found is None:
        raise InputError(quarto.NOT_FOUND)
    project = load_project(folder)
    print(f"Building with {found.name if found else 'pandoc (no Quarto needed)'}", flush=True)
    with staging(output_dir, MARKER, QUARTO_SITE) as stage:
        book = prepare(project, stage, cell_timeout)
        _write_notebooks(book, stage)
        if found:
            shutil.rmtree(stage / "figures", ignore_errors=True)
            quarto.render(found, project, stage)
        else:
            _build_pages(book, stage)
    notebooks = tuple(sorted((output_dir / "notebooks").glob("*.ipynb")))
    return Outputs(
        output_dir / "index.html",
        output_dir / project.pdf_name,
        notebooks,
        found.name if found else "pandoc",
    )


def prepare(project: Project, stage: Path, cell_timeout: int) -> Book:
    """Parses, runs, weaves and numbers all chapters; their figures go to `stage`/figures."""
    chapters = [parse_chapter(path, project.cell_defaults) for path in project.chapters]
    executed = execute_chapters(project.folder, chapters, cell_timeout, stage.parent)
    figures = stage / "figures"
    texts = {c.name: weave(c, executed[c.name], figures) for c in chapters}
    documents = number_chapters(texts, stage)
    check_book(project, chapters, documents, stage)
    return Book(project, chapters, executed, documents)


def notebook_of(book: Book, index: int, stage: Path) -> NotebookNode:
    """One chapter of the book as an executed notebook."""
    chapter = book.chapters[index]
    labels = all_labels(book.documents)
    executed = book.executed[chapter.name]
    return build_notebook(book.project, chapter, book.documents[index], executed, labels, stage)


def _build_pages(book: Book, stage: Path) -> None:
    """Site and PDF, side by side."""
    project = book.project
    variables = {
        "title": project.title,
        "subtitle": project.subtitle,
        "author": project.author,
        "description": project.description,
        "lang": project.lang,
        "built-from": built_from(project),
    }
    with ThreadPoolExecutor(2) as pool:
        site = pool.submit(build_site, project, book.chapters, book.documents, stage)
        pdf = pool.submit(
            build_pdf,
            project,
            book.documents,
            all_labels(book.documents),
            stage,
            stage / project.pdf_name,
            TEMPLATES / "book.typ",
            variables,
        )
        site.result()
        pdf.result()


def _write_notebooks(book: Book, stage: Path) -> None:
    (stage / "notebooks").mkdir()

    def build(index: int) -> None:
        chapter = book.chapters[index]
        if has_notebook(chapter.name):
            path = stage / "notebooks" / f"{chapter.name}.ipynb"
            nbformat.write(notebook_of(book, index, stage), path)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(build, range(len(book.chapters))))
