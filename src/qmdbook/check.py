"""Checks a book before it is written: all of it is known, and all it points to is there."""

from __future__ import annotations

import re
import shutil
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from qmdbook.errors import BookError
from qmdbook.known import WHERE_THE_ATTRIBUTES_ARE, Node, Problem, problems
from qmdbook.pandoc import Document, elements, parse
from qmdbook.project import Project
from qmdbook.qmd import Cell, Chapter
from qmdbook.weave import parts_in

LABEL = re.compile(r"(fig|tbl|eq|sec)-")
CHAPTER = re.compile(r"(?!\w+:)(?:[\w./-]*/)?([\w-]+)\.qmd(?:#(.*))?$")
BIB_KEY = re.compile(r"@\w+\s*\{\s*([^\s,]+)\s*,")


def read_chapters(chapters: list[Chapter], folder: Path) -> dict[str, list[Node]]:
    """Parses the chapters' texts.

    Raises:
        BookError: a chapter has what the builder does not know; names file and line.
    """
    trees: dict[str, list[Node]] = {}
    for chapter in chapters:
        try:
            trees |= parse({chapter.name: chapter.text}, folder)
        except BookError as error:  # a warning of pandoc's
            found = re.search(r"line (\d+)", str(error))
            place = chapter.where(int(found[1])) if found else chapter.path.name
            raise BookError(f"{place}: {error}") from error
        for problem in problems(trees[chapter.name]):
            line = _line_of(chapter, problem, folder)
            raise BookError(f"{chapter.where(line)}: {problem.message}.")
        shown = sorted(parts_in(trees[chapter.name]))
        if shown and shown[-1] >= len(chapter.parts):
            place = chapter.place_of(r"\{value\} \d|\{ *\.cell ")
            raise BookError(f"{place}: the builder writes this itself, in place of code.")
        for number, part in enumerate(chapter.parts):
            if shown.count(number) != 1:
                what = "a cell" if isinstance(part, Cell) else "an inline expression"
                raise BookError(f"{chapter.where(part.line)}: {what} can't stand here.")
    return trees


def _line_of(chapter: Chapter, problem: Problem, folder: Path) -> int:
    """The line of a problem: the first with its words in the first block that brings it up."""

    def is_there(end: int) -> bool:
        text = "\n".join(lines[:end]) + "\n"
        found = problems(parse({"": text}, folder, "--quiet")[""])
        return next(found, None) is not None

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


def check_book(
    project: Project, chapters: list[Chapter], documents: list[Document], stage: Path
) -> None:
    """Checks the parsed book, and copies the images that chapters show into `stage`.

    Raises:
        BookError: a label appears twice or on nothing, a reference, citation or link leads
            nowhere, an image is missing or has no alt text; names file and line.
    """
    places = _places_of_labels(chapters, documents)
    works = _cited_works(project)
    ids = {document.name: set(_ids(document.tree["blocks"])) for document in documents}
    for chapter, document in zip(chapters, documents, strict=True):
        blocks = document.tree["blocks"]
        for citation in elements(blocks, "Cite"):
            for key in (item["citationId"] for item in citation[0]):
                known = places if LABEL.match(key) else works
                if key not in known:
                    place = chapter.place_of(rf"@{re.escape(key)}(?![\w-])")
                    raise BookError(f"{place}: the reference @{key} leads nowhere.")
        for _, _, (target, _) in elements(blocks, "Link"):
            if (found := CHAPTER.match(target)) and not (
                found[1] in ids and (not found[2] or found[2] in ids[found[1]])
            ):
                place = chapter.place_of(re.escape(target))
                raise BookError(f"{place}: the link to {target} leads nowhere.")
        figures = list(elements(list(elements(blocks, "Figure")), "Image"))
        for image in elements(blocks, "Image"):
            (_, _, attributes), description, (target, _) = image
            alt = dict(attributes).get("fig-alt") or (description and image not in figures)
            _take_image(project.folder, chapter, target, bool(alt), stage)


def _ids(tree: Node) -> Iterator[str]:
    """The ids of a syntax tree, which are the first of an element's attributes."""
    for kind, place in WHERE_THE_ATTRIBUTES_ARE.items():
        yield from (content[place][0] for content in elements(tree, kind))


def _places_of_labels(chapters: list[Chapter], documents: list[Document]) -> dict[str, str]:
    """The chapter that each label is in."""
    places: dict[str, str] = {}
    for chapter, document in zip(chapters, documents, strict=True):
        for key in (label["id"] for label in document.labels if LABEL.match(label["id"])):
            if key in places:
                place = chapter.place_of(rf"(#|label:\s*){re.escape(key)}(?![\w-])")
                raise BookError(f"{place}: the label {key} appears in {places[key]} too.")
            places[key] = chapter.path.name
        for part in chapter.parts:
            label = part.label if isinstance(part, Cell) else ""
            if LABEL.match(label) and places.get(label) != chapter.path.name:
                place = chapter.where(part.line)
                raise BookError(f"{place}: this cell gives nothing that could be {label}.")
        for text in elements(document.tree["blocks"], "Str"):
            if found := re.search(r"\{#(fig|tbl|eq|sec)-[^}]*\}?", text):
                place = chapter.place_of(re.escape(found[0]))
                raise BookError(f"{place}: {found[0]} stands beside nothing that it could label.")
        titles = [
            header for header in elements(document.tree["blocks"], "Header") if header[0] == 1
        ]
        if len(titles) > 1:
            place = chapter.place_of(r"(?m)^# ")
            raise BookError(f"{place}: a chapter can have one title, or heading of level 1.")
    return places


def _cited_works(project: Project) -> set[str]:
    if project.bibliography is None:
        return set()
    try:
        return set(BIB_KEY.findall(project.bibliography.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise BookError(f"{project.bibliography.name} can't be read as UTF-8 text.") from error


def _take_image(folder: Path, chapter: Chapter, target: str, alt: bool, stage: Path) -> None:
    """Copies an image of the book beside the pages; those of cells are there already."""
    place = chapter.place_of(re.escape(target))
    source = (folder / target).resolve()
    if not alt:
        raise BookError(f'{place}: the image {target} has no alt text; add fig-alt="…".')
    if (stage / target).is_file():
        return
    if not source.is_file() or not source.is_relative_to(folder):
        raise BookError(f"{place}: the image {target} is not a file in the book's folder.")
    (stage / target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, stage / target)
