"""The PDF: chapters joined, written as typst by pandoc and set by typst."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import typst

from qmdbook import FONTS
from qmdbook.book import Book, Format
from qmdbook.errors import BookError
from qmdbook.pandoc import HERE
from qmdbook.project import TEXTS
from qmdbook.site import TEMPLATES

BOOK = TEMPLATES / "book.typ"
PRINT = Format("the PDF", "typst", "write it in another way")
IMAGE = re.compile(r'#image\("([^"]*)"')


def build_pdf(book: Book, name: str, template: Path = BOOK, **variables: str) -> None:
    """Sets the chapters as one PDF, the file `name` beside the book's images.

    Of typst's templates all but book.typ leave out what has the class `extra`, and code. They have
    the project's title and so on as plain text, and the `variables` besides.

    Raises:
        BookError: typst can't set the text.
    """
    variables |= {key: getattr(book.project, key) for key in (*TEXTS, "lang")}
    options = [
        "--standalone",
        f"--template={template}",
        "--metadata=reference-section-title=References",
    ]
    options += [f"--data-dir={HERE}"]  # where templates find style.typ
    for key, value in variables.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')  # within typst's quotes
        options += [f"--variable={key}={' '.join(escaped.split())}"]
    target = replace(PRINT, hand_in=template != BOOK)
    path = book.stage / f".{name}.typ"
    text = book.write(target, book.documents, *options)
    path.write_text(text, encoding="utf-8")

    def compiled() -> bytes:
        return bytes(
            typst.compile(path, root=book.stage, font_paths=[FONTS], ignore_system_fonts=True)
        )

    images = [(book.stage / name).read_bytes() for name in IMAGE.findall(text)]
    try:
        pdf = book.pandoc.memory.recall(compiled, version("typst").encode(), text.encode(), *images)
        (book.stage / name).write_bytes(pdf)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise BookError(f"typst can't set {name}: {reason:.300}") from error
    finally:
        path.unlink()
