"""The PDF: chapters joined, written as typst by pandoc and set by typst."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import typst

from qmdbook import FONTS
from qmdbook.book import Book, Format
from qmdbook.errors import BookError
from qmdbook.pandoc import FILTERS, HERE, Document, as_json
from qmdbook.project import TEXTS
from qmdbook.site import TEMPLATES
from qmdbook.tree import Node

BOOK = TEMPLATES / "book.typ"
CHAPTER = TEMPLATES / "chapter.typ"
TO_TYPST = ("-f", "json", "-t", "typst", "--wrap=none")
PRINT = Format("the PDF", "typst", "write it in another way", (FILTERS / "elsewhere.lua",))
IMAGE = re.compile(r'#image\("([^"]*)"')


def build_pdf(book: Book, name: str, template: Path = BOOK, **variables: str) -> None:
    """Sets the chapters as one PDF, the file `name` beside the book's images.

    Of typst's templates all but book.typ leave out what has the class `extra`, and code. They have
    the project's title and so on as plain text, and the `variables` besides.

    Raises:
        BookError: typst can't set the text.
    """
    variables |= {key: getattr(book.project, key) for key in (*TEXTS, "lang")}
    options = ["--standalone", f"--template={template}", f"--data-dir={HERE}"]  # for style.typ
    for key, value in variables.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')  # within typst's quotes
        options += [f"--variable={key}={' '.join(escaped.split())}"]
    chapters = _chapters(book, replace(PRINT, hand_in=template != BOOK))
    body: list[Node] = [{"t": "RawBlock", "c": ["typst", chapter]} for chapter in chapters]
    text = book.pandoc.run([*TO_TYPST, *options], as_json({"meta": {}, "blocks": body}))
    path = book.stage / f".{name}.typ"
    path.write_text(text, encoding="utf-8")

    def compiled() -> bytes:
        return bytes(
            typst.compile(path, root=book.stage, font_paths=[FONTS], ignore_system_fonts=True)
        )

    files = [*sorted(FONTS.glob("*.ttf")), *(book.stage / image for image in IMAGE.findall(text))]
    inputs = [version("typst").encode(), text.encode(), *(file.read_bytes() for file in files)]
    try:
        pdf = book.pandoc.memory.recall(compiled, *inputs)
        (book.stage / name).write_bytes(pdf)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise BookError(f"typst can't set {name}: {reason:.300}") from error
    finally:
        path.unlink()


def _chapters(book: Book, target: Format) -> list[str]:
    """The chapters as typst, each by itself, and after them the works that they cite."""
    works = sorted(set(chain.from_iterable(document.works for document in book.documents)))
    # All of them count where two have the same names and years.
    variables = {"nocite": _citation(works)} if works else {}
    options = ["--standalone", f"--template={CHAPTER}"]
    pages = [document.chapter.name for document in book.documents]

    def write(document: Document) -> str:
        return book.write(target, document, *options, pages=pages, variables=variables)

    chapters = book.pandoc.each(write, book.documents)
    if works:
        arguments = [*TO_TYPST, *book.citing(), "--metadata=reference-section-title=References"]
        chapters.append(book.pandoc.run(arguments, as_json({"meta": variables, "blocks": []})))
    return chapters


def _citation(works: list[str]) -> Node:
    """One of all these works."""
    how: Node = {"t": "NormalCitation"}
    counts: Node = {"citationNoteNum": 0, "citationHash": 0}
    around: Node = {"citationPrefix": [], "citationSuffix": [], "citationMode": how, **counts}
    each = [{"citationId": key, **around} for key in works]
    return {"t": "MetaInlines", "c": [{"t": "Cite", "c": [each, []]}]}
