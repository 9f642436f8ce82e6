"""What the filters make of small texts in each format, by pandoc alone: the table in shapes.txt."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qmdbook.book import Book, Format
from qmdbook.notebook import NOTEBOOK
from qmdbook.pandoc import Pandoc, number_chapters, parse
from qmdbook.pdf import PRINT
from qmdbook.project import Project
from qmdbook.qmd import Chapter
from qmdbook.site import PAGE

TABLE = Path(__file__).with_name("shapes.txt").read_text(encoding="utf-8")
SPACES = str.maketrans("⍽␣", "\u00a0\u2002")  # as one can see them
BETWEEN = "Here one entry ends, and the next begins."
SHAPES = {"page": PAGE, "print": PRINT, "notebook": NOTEBOOK}


def entries() -> list[dict[str, str]]:
    """For each entry its Markdown, and what becomes of it in the formats that it names."""
    found = []
    for entry in TABLE.split("=== markdown\n")[1:]:
        markdown, *rest = re.split(r"^--- (\w+)\n", entry.translate(SPACES), flags=re.MULTILINE)
        shapes = dict(zip(rest[::2], map(str.strip, rest[1::2]), strict=True))
        found.append({"markdown": markdown.strip("\n"), **shapes})
    return found


ENTRIES = entries()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """All entries in each format: one chapter, parsed, numbered and written once for each."""
    folder = tmp_path_factory.mktemp("shapes")
    pandoc = Pandoc(folder)
    texts = [f"\n\n{BETWEEN}\n\n".join(entry["markdown"] for entry in ENTRIES), "# Other {#sec-o}"]
    chapters = [Chapter(folder / name, {}, (), "", ()) for name in ("one.qmd", "other.qmd")]
    trees = [parse(text, pandoc) for text in texts]
    documents = number_chapters(chapters, trees, pandoc)
    book = Book(Project(folder, "T", ()), folder, pandoc, documents, {})

    def write(target: Format) -> list[str]:
        options = ["--mathml"] if target is PAGE else []
        text = book.write(target, documents[0], *options)
        return [piece.strip() for piece in re.split(f"(?:<p>)?{BETWEEN}(?:</p>)?", text)]

    return {name: write(target) for name, target in SHAPES.items()}


@pytest.mark.parametrize("number", range(len(ENTRIES)), ids=lambda n: ENTRIES[n]["markdown"][:20])
def test_each_format_gives_the_shape(written: dict[str, list[str]], number: int) -> None:
    entry = ENTRIES[number]
    for name in SHAPES.keys() & entry.keys():
        assert written[name][number] == entry[name], name
