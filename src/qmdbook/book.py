"""The book between its source and its formats: chapters parsed, run, woven and numbered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from qmdbook.check import check_book, check_outputs, read_chapter
from qmdbook.errors import BookError
from qmdbook.execute import CellOutputs, execute_chapters
from qmdbook.marks import first_lost, marked
from qmdbook.memory import Memory
from qmdbook.pandoc import (
    FILTERS,
    Document,
    Pandoc,
    as_json,
    number_chapters,
    read,
    resolvable,
)
from qmdbook.project import CELL_TIMEOUT, Project
from qmdbook.qmd import Chapter, parse_chapter
from qmdbook.tree import Node, without_class
from qmdbook.weave import weave

QUOTED = re.compile(r"`(.*)`|TeX math (.*), rendering")  # what is lost, or no formula


@dataclass(frozen=True)
class Format:
    """What pandoc can write.

    Attributes:
        name: what messages call it.
        writer: pandoc's name for it.
        cure: what to do about what it can't show.
        filters: that follow resolve.lua and citeproc.
        hand_in: whether it is without code, and headings are as in the homework.
    """

    name: str
    writer: str
    cure: str
    filters: tuple[Path, ...] = ()
    hand_in: bool = False


@dataclass(frozen=True)
class Book:
    """All that the formats are made from; `stage` is the folder that has the images."""

    project: Project
    stage: Path
    pandoc: Pandoc
    documents: list[Document]
    outputs: dict[str, CellOutputs]

    def write(
        self,
        target: Format,
        document: Document,
        *options: str,
        pages: Sequence[str] = (),
        variables: Mapping[str, Node] | None = None,
    ) -> str:
        """Writes a chapter by pandoc.

        Args:
            target: the format.
            document: the chapter.
            options: pandoc's besides.
            pages: names of the chapters that the file will hold, if not of this one alone.
            variables: metadata.

        Raises:
            BookError: a reference leads nowhere, or what is written would lack a word.
        """
        blocks, pages = document.blocks, pages or [document.chapter.name]
        cited = set(document.cited)
        labels = [
            label
            for label in chain.from_iterable(each.labels for each in self.documents)
            if label.id in cited or label.kind == "chapter"  # to which links lead
        ]
        tree = resolvable(blocks, labels, pages, hand_in=target.hand_in)
        text = as_json({**tree, "meta": {**tree["meta"], **(variables or {})}})
        resolving = ["-f", "json", "-t", target.writer, f"--lua-filter={FILTERS / 'resolve.lua'}"]
        filters = [f"--lua-filter={path}" for path in target.filters]
        citing = self.citing() if document.works else []
        arguments = [*resolving, *citing, *filters, "--wrap=none", *options]

        def check() -> None:
            with_marks, words = marked(blocks)
            tree = resolvable(with_marks, labels, pages, hand_in=target.hand_in, marked=True)
            written = self.pandoc.run_anew([*resolving, *filters], as_json(tree))
            if lost := first_lost(words, written):
                message = f"`{' '.join(lost)}` would be missing from {target.name}"
                raise BookError(f"{message}: {target.cure}")

        def make() -> bytes:
            check()
            return self.pandoc.run_anew(arguments, text).encode()

        try:
            inputs = self.pandoc.inputs(arguments, text)
            return self.pandoc.memory.recall(make, *inputs).decode()
        except BookError as error:
            raise BookError(f"{self._place_of(str(error), document)}: {error}.") from error

    def citing(self) -> list[str]:
        """Pandoc's options that resolve citations of works."""
        if self.project.bibliography is None:
            return []
        return [
            "--citeproc",
            f"--bibliography={self.project.bibliography}",
            "--metadata=link-citations=true",
            "--metadata=link-bibliography=true",
        ]

    def _place_of(self, message: str, document: Document) -> str:
        """Where a chapter has the first of the words in a row that a message quotes."""
        chapter, quote = document.chapter, QUOTED.search(message)
        words = (quote[1] or quote[2] or "").split() if quote else []
        for count in range(len(words), int(len(words) > 1), -1):
            place = chapter.place_of(r"\W+".join(map(re.escape, words[:count])))
            if ":" in place:
                return place
        return chapter.path.name


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
    trees = pandoc.each(lambda chapter: read_chapter(chapter, pandoc), chapters)
    outputs = execute_chapters(project, chapters, cell_timeout)

    def fill(chapter: Chapter, tree: list[Node]) -> list[Node]:
        blocks = read(weave(chapter, tree, outputs[chapter.name], stage / "figures"), pandoc)
        check_outputs(chapter, blocks)
        return without_class(blocks, left_out) if left_out else blocks

    trees = pandoc.each(fill, chapters, trees)
    documents = number_chapters(chapters, trees, pandoc)
    check_book(project, documents, stage)
    pandoc.memory.forget()
    return Book(project, stage, pandoc, documents, outputs)
