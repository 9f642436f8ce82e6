"""The book between its source and its formats: chapters parsed, run, woven and numbered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from qmdbook.check import check_book, check_outputs, read_chapter
from qmdbook.execute import CELL_TIMEOUT, execute_chapters
from qmdbook.pandoc import Document, all_labels, number_chapters, read, write
from qmdbook.project import Project
from qmdbook.qmd import Chapter, parse_chapter
from qmdbook.tree import Node
from qmdbook.weave import weave


@dataclass(frozen=True)
class Book:
    """All that the formats are made from; `stage` is the folder that has the images."""

    project: Project
    stage: Path
    chapters: list[Chapter]
    executed: dict[str, NotebookNode]
    documents: list[Document]

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """What references may lead to."""
        return all_labels(self.documents)

    def write(self, tree: dict[str, Any], page: str, *arguments: str) -> str:
        """Writes a syntax tree by pandoc with `arguments`: a chapter named `page`, or all.

        Raises:
            BookError: a reference leads nowhere, or the format would lack a word.
        """
        options = ["--wrap=none"]
        if self.project.bibliography is not None:  # before what `arguments` do with citations
            options += ["--citeproc", f"--bibliography={self.project.bibliography}"]
            options += ["-M", "link-citations=true", "-M", "link-bibliography=true"]
        return write(tree, [*options, *arguments], self.labels, page, self.stage)


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
    return Book(project, stage, chapters, executed, documents)
