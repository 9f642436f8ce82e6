"""Checks a book before it is written: all of it is known, and all it points to is there."""

from __future__ import annotations

import re
import shutil
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from qmdbook.errors import BookError
from qmdbook.known import KINDS, LABEL, Problem, problems
from qmdbook.pandoc import Document, Pandoc, parse
from qmdbook.project import Project
from qmdbook.qmd import Cell, Chapter
from qmdbook.tree import Element, Json, Node, citations, elements, walk
from qmdbook.weave import parts_in

UNREAD = re.compile(rf"\{{#({'|'.join(KINDS)})-[^}}]*\}}?")  # a label that is still text
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
        line = re.search(r"line (\d+)", str(error))
        place = chapter.where(int(line[1])) if line else chapter.path.name
        raise BookError(f"{place}: {error}") from error
    for problem in problems(tree):
        raise BookError(f"{chapter.where(_line_of(chapter, problem, pandoc))}: {problem}.")
    shown = parts_in(tree)
    if max(shown, default=-1) >= len(chapter.parts):
        place = chapter.place_of(r"\{value\} \d|\{ *\.cell ")
        raise BookError(
            f"{place}: the builder writes this itself, in place of code; write something else."
        )
    for number, part in enumerate(chapter.parts):
        if shown.count(number) != 1:
            what = "a cell" if isinstance(part, Cell) else "an inline expression"
            raise BookError(
                f"{chapter.where(part.line)}: {what} can't stand here, in a comment, an address or "
                "raw text; move it out."
            )
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
            raise BookError(f"{place}: {problem}.")


def check_book(project: Project, documents: list[Document], stage: Path) -> None:
    """Checks the parsed book, and copies what chapters show or link into `stage`.

    Raises:
        BookError: a label appears twice or on nothing, a reference, citation or link leads
            nowhere, an image is missing or has no alt text; names file and line.
    """
    for key in ("title", "subtitle", "author", "date"):
        for problem in problems({"t": "Str", "c": getattr(project, key)}):
            raise BookError(f"_quarto.yml: in the {key}, {problem}.")
    chapters = [(document, _by_kind(document.blocks)) for document in documents]
    written = (project.pdf_name, *(f"notebooks/{name}.ipynb" for name in project.notebooks))
    places: dict[str, set[str]] = {name: set() for name in written}  # that links may name, by page
    pages: dict[str, list[str]] = {}  # that have a label
    for document, content in chapters:
        places[document.chapter.name] = {each.identifier for each in chain(*content.values())}
        for label in document.labels:
            pages.setdefault(label.id, []).append(document.chapter.path.name)
    known = {*filter(LABEL.match, pages), *_cited_works(project)}
    for document, content in chapters:
        mistakes = chain(
            _of_labels(document, content, pages),
            _of_references(content, known),
            _of_links(document, content, places, project.folder, stage),
            _of_images(content, project.folder, stage),
        )
        for pattern, message in mistakes:
            raise BookError(f"{document.chapter.place_of(pattern)}: {message}.")


Content: TypeAlias = dict[str, list[Element]]  # a chapter's elements, by their kinds


def _by_kind(blocks: Json) -> Content:
    content: Content = defaultdict(list)
    for each in walk(blocks):
        content[each.kind].append(each)
    return content


def _of_labels(
    document: Document, content: Content, pages: dict[str, list[str]]
) -> Iterator[tuple[str, str]]:
    """Where in the chapter labels are wrong, as a pattern, and how."""
    for key in filter(LABEL.match, (label.id for label in document.labels)):
        if len(pages[key]) > 1:
            where = " and ".join(sorted(set(pages[key])))
            pattern = rf"(#|label:\s*){re.escape(key)}(?![\w-])"
            yield pattern, f"the label {key} stands twice, in {where}; give one another name"
    for block in content["Div"]:
        part = document.chapter.parts[int(block.attribute("part"))] if _is_cell(block) else None
        label = part.label if isinstance(part, Cell) else ""
        if LABEL.match(label) and document.chapter.path.name not in pages.get(label, ()):
            yield (
                rf"label:\s*{label}",
                f"this cell gives nothing that could be {label}; leave that out",
            )
    for word in content["Str"]:
        if label_text := UNREAD.search(word.text):
            message = f"{label_text[0]} stands beside nothing that it could label; move it"
            yield re.escape(label_text[0]), message
    if sum(heading.level == 1 for heading in content["Header"]) > 1:
        yield r"(?m)^# ", "a chapter can have one title, or heading of level 1; make this a section"


def _is_cell(block: Element) -> bool:
    return "cell" in block.classes


def _of_references(content: Content, known: set[str]) -> Iterator[tuple[str, str]]:
    for key in citations(content["Cite"]):
        if key not in known:
            yield rf"@{re.escape(key)}(?![\w-])", f"the reference @{key} leads nowhere; correct it"


def _of_links(
    document: Document, content: Content, places: dict[str, set[str]], folder: Path, stage: Path
) -> Iterator[tuple[str, str]]:
    """Links to chapters, to places in them and to files."""
    for target in (link.target for link in content["Link"]):
        path, _, anchor = unquote(target).partition("#")
        chapter = CHAPTER.match(path)
        page = chapter[1] if chapter else path or document.chapter.name
        is_there = page in places and (not anchor or anchor in places[page])
        if not target or not (SCHEME.match(target) or is_there or _is_copied(path, folder, stage)):
            pattern = rf"\](\(|: *){re.escape(target)}"
            yield pattern, f"the link to {target or 'nothing'} leads nowhere; correct it"


def _of_images(content: Content, folder: Path, stage: Path) -> Iterator[tuple[str, str]]:
    in_figures = [image for each in content["Figure"] for image in elements(each.content, "Image")]
    for image in content["Image"]:
        target = image.target
        texts = [image.attribute("fig-alt"), image not in in_figures and image.part(1)]
        if not any(texts):
            yield re.escape(target), f'the image {target} has no alt text; add fig-alt="…"'
        elif all(texts):
            message = f"only the fig-alt of the image {target} would be there; leave out the other"
            yield re.escape(target), message
        elif not _is_copied(target, folder, stage):
            yield (
                re.escape(target),
                f"the image {target} is not a file in the book's folder; put it there",
            )


def _is_copied(target: str, folder: Path, stage: Path) -> bool:
    """Whether a file is beside the pages: those of cells are, those of the book are copied."""
    source, copy = (folder / target).resolve(), stage / target
    if not source.is_relative_to(folder):
        return False
    if not copy.is_file() and source.is_file():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    return copy.is_file()


def _cited_works(project: Project) -> set[str]:
    if project.bibliography is None:
        return set()
    try:
        return set(BIB_KEY.findall(project.bibliography.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise BookError(f"{project.bibliography.name} can't be read as UTF-8 text.") from error
