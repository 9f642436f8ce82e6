"""Checks a book before it is written: all of it is known, and all it points to is there."""

from __future__ import annotations

import re
import shutil
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

from qmdbook.errors import BookError
from qmdbook.known import WHERE_THE_ATTRIBUTES_ARE, Problem, problems
from qmdbook.pandoc import Document, Pandoc, parse
from qmdbook.project import Project
from qmdbook.qmd import Cell, Chapter
from qmdbook.tree import Node, elements
from qmdbook.weave import parts_in

LABEL = re.compile(r"(fig|tbl|eq|sec|exr)-")
CHAPTER = re.compile(r"(?:[\w./-]*/)?([\w-]+)\.(?:qmd|html)$")
SCHEME = re.compile(r"\w[\w+.-]*:")
BIB_KEY = re.compile(r"@\w+\s*\{\s*([^\s,]+)\s*,")


def read_chapter(chapter: Chapter, pandoc: Pandoc) -> list[Node]:
    """Parses a chapter's text.

    Raises:
        BookError: the chapter has what the builder does not know; names file and line.
    """
    try:
        tree = parse(chapter.text, pandoc)
    except BookError as error:  # a warning of pandoc's
        found = re.search(r"line (\d+)", str(error))
        place = chapter.where(int(found[1])) if found else chapter.path.name
        raise BookError(f"{place}: {error}") from error
    for problem in problems(tree):
        line = _line_of(chapter, problem, pandoc)
        raise BookError(f"{chapter.where(line)}: {problem.message}.")
    shown = parts_in(tree)
    if max(shown, default=-1) >= len(chapter.parts):
        place = chapter.place_of(r"\{value\} \d|\{ *\.cell ")
        raise BookError(f"{place}: the builder writes this itself, in place of code.")
    for number, part in enumerate(chapter.parts):
        if shown.count(number) != 1:
            what = "a cell" if isinstance(part, Cell) else "an inline expression"
            raise BookError(f"{chapter.where(part.line)}: {what} can't stand here.")
    return tree


def _line_of(chapter: Chapter, problem: Problem, pandoc: Pandoc) -> int:
    """The line of a problem: the first with its words in the first block that brings it up."""

    def is_there(end: int) -> bool:
        text = "\n".join(lines[:end]) + "\n"
        return any(problems(parse(text, pandoc, "--quiet")))

    lines, ends = chapter.text.splitlines(), chapter.ends
    count = min(bisect_left(ends, True, key=is_there), len(ends) - 1)
    block = range(ends[count - 1] if count else 0, ends[count])
    named = (i for i in block if problem.token and problem.token in lines[i])
    filled = (i for i in block if lines[i].strip())
    return next(chain(named, filled, block), 0) + 1


def check_outputs(chapter: Chapter, blocks: list[Node]) -> None:
    """Checks what a chapter's code gave.

    Raises:
        BookError: an output has what the builder does not know; names file and line.
    """
    for problem in problems(blocks):
        if problem.part is not None:
            place = chapter.where(chapter.parts[problem.part].line)
            raise BookError(f"{place}: {problem.message}.")


def check_book(project: Project, documents: list[Document], stage: Path) -> None:
    """Checks the parsed book, and copies what chapters show or link into `stage`.

    Raises:
        BookError: a label appears twice or on nothing, a reference, citation or link leads
            nowhere, an image is missing or has no alt text; names file and line.
    """
    for key in ("title", "subtitle", "author", "date"):
        for problem in problems({"t": "Str", "c": getattr(project, key)}):
            raise BookError(f"_quarto.yml: in the {key}, {problem.message}.")
    made = (project.pdf_name, *(f"notebooks/{name}.ipynb" for name in project.notebooks))
    ids: dict[str, set[str]] = {name: set() for name in made}  # of the places that links may name
    ids |= {document.chapter.name: set(_ids(document.tree["blocks"])) for document in documents}
    labels: dict[str, list[str]] = {}
    for document in documents:
        for label in document.labels:
            labels.setdefault(label["id"], []).append(document.chapter.path.name)
    known = {*filter(LABEL.match, labels), *_cited_works(project)}
    for document in documents:
        blocks = document.tree["blocks"]
        found = chain(
            _of_labels(document, labels),
            _of_references(blocks, known),
            _of_links(document, ids, project.folder, stage),
            _of_images(blocks, project.folder, stage),
        )
        for pattern, message in found:
            raise BookError(f"{document.chapter.place_of(pattern)}: {message}.")


def _of_labels(document: Document, labels: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Where in the chapter labels are wrong, as a pattern, and how."""
    for key in filter(LABEL.match, (label["id"] for label in document.labels)):
        if len(labels[key]) > 1:
            pattern = rf"(#|label:\s*){re.escape(key)}(?![\w-])"
            yield (
                pattern,
                f"the label {key} stands twice, in {' and '.join(sorted(set(labels[key])))}",
            )
    for number in _cells_in(document.tree["blocks"]):
        part = document.chapter.parts[number]
        label = part.label if isinstance(part, Cell) else ""
        if LABEL.match(label) and document.chapter.path.name not in labels.get(label, ()):
            yield rf"label:\s*{label}", f"this cell gives nothing that could be {label}"
    for text in elements(document.tree["blocks"], "Str"):
        if found := re.search(r"\{#(fig|tbl|eq|sec|exr)-[^}]*\}?", text):
            yield re.escape(found[0]), f"{found[0]} stands beside nothing that it could label"
    if sum(level == 1 for level, *_ in elements(document.tree["blocks"], "Header")) > 1:
        yield r"(?m)^# ", "a chapter can have one title, or heading of level 1"


def _cells_in(blocks: list[Node]) -> Iterator[int]:
    """The numbers of the parts whose cells the blocks hold."""
    for (_, classes, attributes), _ in elements(blocks, "Div"):
        if "cell" in classes:
            yield int(dict(attributes)["part"])


def _of_references(blocks: list[Node], known: set[str]) -> Iterator[tuple[str, str]]:
    for citations, _ in elements(blocks, "Cite"):
        for key in (citation["citationId"] for citation in citations):
            if key not in known:
                yield rf"@{re.escape(key)}(?![\w-])", f"the reference @{key} leads nowhere"


def _of_links(
    document: Document, ids: dict[str, set[str]], folder: Path, stage: Path
) -> Iterator[tuple[str, str]]:
    """Links to chapters, to places in them and to files."""
    for _, _, (target, _) in elements(document.tree["blocks"], "Link"):
        path, _, anchor = unquote(target).partition("#")
        found = CHAPTER.match(path)
        page = found[1] if found else path or document.chapter.name
        is_there = page in ids and (not anchor or anchor in ids[page])
        if not target or not (SCHEME.match(target) or is_there or _is_copied(path, folder, stage)):
            yield (
                rf"\](\(|: *){re.escape(target)}",
                f"the link to {target or 'nothing'} leads nowhere",
            )


def _of_images(blocks: list[Node], folder: Path, stage: Path) -> Iterator[tuple[str, str]]:
    figures = list(elements(list(elements(blocks, "Figure")), "Image"))
    for image in elements(blocks, "Image"):
        (_, _, attributes), description, (target, _) = image
        texts = [dict(attributes).get("fig-alt"), image not in figures and description]
        if not any(texts):
            yield re.escape(target), f'the image {target} has no alt text; add fig-alt="…"'
        elif all(texts):
            yield re.escape(target), f"only the fig-alt of the image {target} would be there"
        elif not _is_copied(target, folder, stage):
            yield re.escape(target), f"the image {target} is not a file in the book's folder"


def _is_copied(target: str, folder: Path, stage: Path) -> bool:
    """Whether a file is beside the pages: those of cells are, those of the book are copied."""
    source, copy = (folder / target).resolve(), stage / target
    if not source.is_relative_to(folder):
        return False
    if not copy.is_file() and source.is_file():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    return copy.is_file()


def _ids(tree: Node) -> Iterator[str]:
    """The ids of a syntax tree, which are the first of an element's attributes."""
    for kind, place in WHERE_THE_ATTRIBUTES_ARE.items():
        yield from (content[place][0] for content in elements(tree, kind))


def _cited_works(project: Project) -> set[str]:
    if project.bibliography is None:
        return set()
    try:
        return set(BIB_KEY.findall(project.bibliography.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise BookError(f"{project.bibliography.name} can't be read as UTF-8 text.") from error
