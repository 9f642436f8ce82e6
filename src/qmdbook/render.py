"""Builds the book: site, PDF and notebooks, beside the last good one, and swaps at the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from qmdbook import quarto
from qmdbook.check import check_book, check_outputs, read_chapter
from qmdbook.errors import BookError
from qmdbook.execute import CELL_TIMEOUT, execute_chapters
from qmdbook.notebook import build_notebook
from qmdbook.pandoc import Document, all_labels, number_chapters, read
from qmdbook.pdf import build_pdf
from qmdbook.project import Project, load_project
from qmdbook.qmd import Chapter, parse_chapter
from qmdbook.site import TEMPLATES, build_site
from qmdbook.staging import staging
from qmdbook.tree import Node
from qmdbook.weave import weave

MARKER = ".qmdbook"
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
        engine: quarto, pandoc, or auto for Quarto if it is found.
        cell_timeout: seconds that one cell may take in this package's engine.

    Raises:
        BookError: names what in the book, or about the folder, has to be changed.
    """
    project = load_project(folder)
    found = _choose(engine)
    with staging(output_dir, MARKER, QUARTO_SITE) as stage:
        if found:
            quarto.render(found, project, stage)
        else:
            book = prepare(project, stage, cell_timeout)
            write_notebooks(book, stage, stage / "notebooks")
            _build_pages(book, stage)
    notebooks = [output_dir / "notebooks" / f"{name}.ipynb" for name in project.notebooks]
    used = f"Quarto {found.version}" if found else "pandoc"
    site, pdf = output_dir / "index.html", output_dir / project.pdf_name
    return Outputs(site, pdf, tuple(notebooks), used)


def prepare(project: Project, stage: Path, cell_timeout: int = CELL_TIMEOUT) -> Book:
    """Parses, runs, weaves and numbers all chapters; their figures go to `stage`/figures.

    Raises:
        BookError: names what in the book has to be changed.
    """
    chapters = [parse_chapter(path, project.cell_defaults) for path in project.chapters]
    with ThreadPoolExecutor(2) as pool:
        trees = list(pool.map(lambda chapter: read_chapter(chapter, stage), chapters))
    executed = execute_chapters(project, chapters, cell_timeout)

    def filled(chapter: Chapter, tree: list[Node]) -> list[Node]:
        blocks = read(weave(chapter, tree, executed[chapter.name], stage / "figures"), stage)
        check_outputs(chapter, blocks)
        return blocks

    with ThreadPoolExecutor(2) as pool:
        whole = dict(zip(executed, pool.map(filled, chapters, trees), strict=True))
    documents = number_chapters(whole, stage)
    check_book(project, chapters, documents, stage)
    return Book(project, chapters, executed, documents)


def write_notebooks(book: Book, stage: Path, target: Path) -> None:
    """Writes the chapters that the project offers as executed notebooks into `target`.

    `stage` is the folder in which the book was prepared.
    """
    target.mkdir(exist_ok=True)
    labels = all_labels(book.documents)

    def build(chapter: Chapter, document: Document) -> None:
        executed = book.executed[chapter.name]
        notebook = build_notebook(book.project, chapter, document, executed, labels, stage)
        nbformat.write(notebook, target / f"{chapter.name}.ipynb")

    pairs = zip(book.chapters, book.documents, strict=True)
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(lambda p: build(*p), (p for p in pairs if p[0].name in book.project.notebooks))
        )


def _choose(engine: str) -> quarto.Quarto | None:
    """The Quarto to use, or None for this package's own engine; says which and why."""
    if engine == "pandoc":
        print("Building with pandoc", flush=True)
        return None
    found = quarto.find_quarto()
    if not found.problem:
        print(f"Building with Quarto {found.version}", flush=True)
        return found
    if engine == "quarto":
        raise BookError(f"{quarto.NEEDED} is needed ({found.problem}): {quarto.CURE}.")
    print(f"Building with pandoc, without Quarto ({found.problem})", flush=True)
    return None


def _build_pages(book: Book, stage: Path) -> None:
    """Site and PDF, side by side."""
    project = book.project
    variables = {
        "title": project.title,
        "subtitle": project.subtitle,
        "author": project.author,
        "description": project.description,
        "date": project.date,
        "lang": project.lang,
    }
    labels, target = all_labels(book.documents), stage / project.pdf_name
    with ThreadPoolExecutor(2) as pool:
        site = pool.submit(build_site, project, book.chapters, book.documents, stage)
        pdf = pool.submit(
            build_pdf,
            project,
            book.documents,
            labels,
            stage,
            target,
            TEMPLATES / "book.typ",
            variables,
        )
        site.result()
        pdf.result()
