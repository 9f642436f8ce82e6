"""Checks that all a book points to is there: labels, cited works, images with alt text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qmdbook.errors import BookError
from qmdbook.pandoc import Document
from qmdbook.project import Project
from qmdbook.qmd import Chapter

LABEL = re.compile(r"(fig|tbl|eq|sec)-")
BIB_KEY = re.compile(r"@\w+\s*\{\s*([^\s,]+)\s*,")


def check_book(
    project: Project, chapters: list[Chapter], documents: list[Document], stage: Path
) -> None:
    """Checks the parsed book, and copies the images that chapters show into `stage`.

    Raises:
        BookError: a label appears twice, a reference or citation leads nowhere, an image is
            missing or has no alt text; names file and line.
    """
    places = _places_of_labels(chapters, documents)
    works = _cited_works(project)
    for chapter, document in zip(chapters, documents, strict=True):
        blocks = document.tree["blocks"]
        for citation in _elements(blocks, "Cite"):
            for key in (item["citationId"] for item in citation[0]):
                known = places if LABEL.match(key) else works
                if key not in known:
                    place = chapter.place_of(rf"@{re.escape(key)}(?![\w-])")
                    raise BookError(f"{place}: the reference @{key} leads nowhere.")
        figures = list(_elements(list(_elements(blocks, "Figure")), "Image"))
        for image in _elements(blocks, "Image"):
            (_, _, attributes), description, (target, _) = image
            alt = dict(attributes).get("fig-alt") or (description and image not in figures)
            _take_image(project.folder, chapter, target, bool(alt), stage)


def _places_of_labels(chapters: list[Chapter], documents: list[Document]) -> dict[str, str]:
    """The chapter that each label is in."""
    places: dict[str, str] = {}
    for chapter, document in zip(chapters, documents, strict=True):
        for key in (label["id"] for label in document.labels if LABEL.match(label["id"])):
            if key in places:
                place = chapter.place_of(rf"(#|label:\s*){re.escape(key)}(?![\w-])")
                raise BookError(f"{place}: the label {key} appears in {places[key]} too.")
            places[key] = chapter.path.name
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


def _elements(tree: object, kind: str) -> Iterator[Any]:
    """The contents of all elements of one kind in a pandoc syntax tree."""
    if isinstance(tree, dict):
        if tree.get("t") == kind:
            yield tree["c"]
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from _elements(item, kind)
