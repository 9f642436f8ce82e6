"""The book between its source and its formats: chapters parsed, run, woven and numbered."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qmdbook.check import check_book, check_outputs, read_chapter
from qmdbook.errors import BookError
from qmdbook.execute import CELL_TIMEOUT, CellOutputs, execute_chapters
from qmdbook.marks import first_lost, marked
from qmdbook.memory import Memory
from qmdbook.pandoc import Document, Pandoc, number_chapters, read, write
from qmdbook.project import Project
from qmdbook.qmd import Chapter, parse_chapter
from qmdbook.tree import Node, without_class
from qmdbook.weave import weave

QUOTED = re.compile(r"`(.*)`|TeX math (.*), rendering")  # what is lost, or no formula


@dataclass(frozen=True)
class Book:
    """All that the formats are made from; `stage` is the folder that has the images."""

    project: Project
    stage: Path
    pandoc: Pandoc
    documents: list[Document]
    outputs: dict[str, CellOutputs]

    def write(self, what: str, tree: dict[str, Any], page: str, *arguments: str) -> str:
        """Writes a syntax tree by pandoc with `arguments`: the chapter named `page`, or all.

        Messages call what is written `what`.

        Raises:
            BookError: a reference leads nowhere, or what is written would lack a word.
        """
        options = ["--wrap=none"]
        if self.project.bibliography is not None:  # before what `arguments` do with citations
            options += ["--citeproc", f"--bibliography={self.project.bibliography}"]
            options += ["-M", "link-citations=true", "-M", "link-bibliography=true"]
        labels = {label["id"]: label for document in self.documents for label in document.labels}
        meta = {"labels": json.dumps(labels), "page": page}
        blocks, words = marked(tree["blocks"])
        options += arguments
        try:
            text = write({**tree, "blocks": blocks}, self.pandoc, options, **meta, marked="true")
            if lost := first_lost(words, text):
                raise BookError(f"`{' '.join(lost)}` would be missing from {what}")
            return write(tree, self.pandoc, options, **meta)
        except BookError as error:
            raise BookError(f"{self._place_of(str(error), page)}: {error}.") from error

    def _place_of(self, message: str, page: str) -> str:
        """Where a chapter has the first of the words in a row that a message quotes."""
        chapters = [d.chapter for d in self.documents if page in ("", d.chapter.name)]
        quoted = QUOTED.search(message)
        words = (quoted[1] or quoted[2] or "").split() if quoted else []
        for count in range(len(words), int(len(words) > 1), -1):
            pattern = r"\W+".join(map(re.escape, words[:count]))
            for place in (chapter.place_of(pattern) for chapter in chapters):
                if ":" in place:
                    return place
        return f"{page}.qmd" if page else "the book"


def prepare(
    project: Project, stage: Path, cell_timeout: int = CELL_TIMEOUT, left_out: str = ""
) -> Book:
    """Parses, runs, weaves and numbers all chapters; their figures go to `stage`/figures.

    Args:
        project: the book.
        stage: the folder that the formats are written to.
        cell_timeout: seconds that one cell may take.
        left_out: a class of blocks and headings; they, and the headings' sections, are dropped
            after they have run, before figures and equations are numbered.

    Raises:
        BookError: names what in the book has to be changed.
    """
    chapters = [parse_chapter(path, project.cell_defaults) for path in project.chapters]
    pandoc = Pandoc(stage, Memory(project.folder / ".cache" / "made"))
    with ThreadPoolExecutor(2) as pool:
        trees = list(pool.map(lambda chapter: read_chapter(chapter, pandoc), chapters))
    outputs = execute_chapters(project, chapters, cell_timeout)

    def filled(chapter: Chapter, tree: list[Node]) -> list[Node]:
        blocks = read(weave(chapter, tree, outputs[chapter.name], stage / "figures"), pandoc)
        check_outputs(chapter, blocks)
        return without_class(blocks, left_out) if left_out else blocks

    with ThreadPoolExecutor(2) as pool:
        trees = list(pool.map(filled, chapters, trees))
    documents = number_chapters(chapters, trees, pandoc)
    check_book(project, documents, stage)
    pandoc.memory.forget()
    return Book(project, stage, pandoc, documents, outputs)
