"""Each small text of the corpus is shown in all formats, or refused with its line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pypdf
import pytest
from PIL import Image

from corpus import OWN, REFUSED, SHOWN
from qmdbook.check import check_book, check_outputs, read_chapter
from qmdbook.errors import BookError
from qmdbook.execute import execute_chapters
from qmdbook.pandoc import Pandoc, number_chapters, read
from qmdbook.project import Project
from qmdbook.qmd import Chapter, parse_chapter
from qmdbook.quarto import find_quarto
from qmdbook.render import render
from qmdbook.tree import Node
from qmdbook.weave import weave
from smallbook import DRAWING

GRID = """\
+-----+---+
| a   | x |
+=====+===+
| - b | 1 |
| - c |   |
+-----+---+
"""
CONFIG = """\
project: {type: book, output-dir: _book}
format: {html: {html-math-method: mathml}}
book:
  title: Corpus
  output-file: corpus
  chapters: [index.qmd, chapter.qmd]
qmdbook: {notebooks: [chapter.qmd]}
"""


class Text(HTMLParser):
    """A page's text and what its images say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page.partition("<main")[2])

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += f" {dict(attrs).get('alt') or ''} " if tag == "img" else ""


def files_beside(folder: Path) -> None:
    (folder / "dot.svg").write_text(DRAWING)
    Image.new("RGB", (4, 4)).save(folder / "photo.jpg")


@pytest.fixture(scope="session")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the builder says of each text that it has to refuse."""
    folder = tmp_path_factory.mktemp("refused")
    files_beside(folder)
    messages = [""] * len(REFUSED)
    left: dict[int, tuple[Chapter, list[dict[str, object]]]] = {}

    def take(number: int) -> None:
        path = folder / str(number) / "chapter.qmd"
        path.parent.mkdir()
        path.write_text(REFUSED[number][0] + "\n", encoding="utf-8")
        try:
            chapter = parse_chapter(path)
            left[number] = chapter, read_chapter(chapter, Pandoc(folder))
        except BookError as error:
            messages[number] = str(error)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(take, range(len(REFUSED))))
    together = [part for chapter, _ in left.values() for part in chapter.parts]
    whole = Chapter(folder / "whole.qmd", {}, tuple(together), "", ())
    project = Project(folder, "T", ())
    outputs = iter(execute_chapters(project, [whole])["whole"].values())
    woven: dict[int, Node] = {}
    for number, (chapter, blocks) in left.items():
        own = {part: next(outputs) for part in range(len(chapter.parts))}
        try:
            blocks = weave(chapter, blocks, own, folder / "figures")
            woven[number] = {"t": "Div", "c": [["", [], []], blocks]}
        except BookError as error:
            messages[number] = str(error)
    assert next(outputs, None) is None
    for number, div in zip(woven, read(list(woven.values()), Pandoc(folder)), strict=True):
        chapter, blocks = left[number][0], div["c"][1]
        try:
            check_outputs(chapter, blocks)
            check_book(project, number_chapters([chapter], [blocks], Pandoc(folder)), folder)
        except BookError as error:
            messages[number] = str(error)
    return messages


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_not_known_is_refused_with_its_line(refusals: list[str], number: int) -> None:
    _, line, words = REFUSED[number]
    assert refusals[number].startswith(f"chapter.qmd:{line}: ")
    assert words in refusals[number]
    assert refusals[number].count("\n") == 0


def write_chapter(folder: Path, texts: list[str]) -> None:
    """A book of one chapter, which has a section for each text."""
    files_beside(folder)
    parts = [f"## Entry{n}. {{.unnumbered}}\n\n{text}\n" for n, text in enumerate(texts)]
    whole = "\n".join(["---\ntitle: Corpus\n---\n", *parts, "## Entry end {.unnumbered}\n"])
    (folder / "chapter.qmd").write_text(whole, encoding="utf-8")
    (folder / "index.qmd").write_text("# Home {.unnumbered}\n")
    (folder / "_quarto.yml").write_text(CONFIG)


@pytest.fixture(scope="session")
def sections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The text of each entry that has to be shown, for each format."""
    folder = tmp_path_factory.mktemp("shown")
    write_chapter(folder, [text for text, _ in SHOWN])
    built = render(folder, folder / "_book", "pandoc")
    assert (folder / "_book" / "photo.jpg").is_file()  # to which a text links
    notebook = nbformat.read(built.notebooks[0], as_version=4)
    said = [
        "\n".join(
            [cell.source, *(str(o.get("text", o.get("data"))) for o in cell.get("outputs", ()))]
        )
        for cell in notebook.cells
    ]
    print_out = "\n".join(p.extract_text() for p in pypdf.PdfReader(built.pdf).pages[1:])
    return {
        "site": page_text(built.site.with_name("chapter.html")),
        "pdf": split(print_out),
        "notebook": split("\n".join(said)),
    }


def page_text(path: Path) -> list[str]:
    page = path.read_text(encoding="utf-8")
    return split(Text(re.sub(r"<annotation.*?</annotation>", "", page, flags=re.DOTALL)).text)


def split(text: str) -> list[str]:
    """The text of each entry, without markup and with single spaces."""
    text = text[text.rindex("Entry0.") :]
    return [plain(piece) for piece in re.split(r"Entry\s?\d+\.|Entry end", text)[1:-1]]


def plain(text: str) -> str:
    return " ".join(re.sub(r"[*\\_~`\u00ad\u2060\u200b]", "", text.replace("\u00a0", " ")).split())


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_what_is_known_is_shown(sections: dict[str, list[str]], number: int) -> None:
    wanted = SHOWN[number][1]
    for name, texts in sections.items():
        assert len(texts) == len(SHOWN)
        for key in {"all", name} & set(wanted):
            assert plain(wanted[key]) in texts[number], name
        if "not" in wanted:
            assert plain(wanted["not"]) not in texts[number], name
        if not {"all", "not"} & set(wanted) and name not in wanted and name != "notebook":
            assert all(plain(words) not in texts[number] for words in wanted.values())


def test_a_word_that_a_writer_drops_is_named(tmp_path: Path) -> None:
    """Notebooks' tables can't hold lists: pandoc writes [TABLE] instead."""
    write_chapter(tmp_path, ["Before. a x", GRID])
    said = (
        r"chapter\.qmd:12: `a x b c 1` would be missing from the notebook: a cell of its tables is "
        r"one line, without lists; write it so, or"
    )
    with pytest.raises(BookError, match=said):
        render(tmp_path, tmp_path / "_book", "pandoc")


def table_of(*cells: str) -> str:
    """A table with these headings and a row of numbers."""
    return "\n".join([f"| {' | '.join(cells)} |", "|" + "---|" * len(cells), "| 1 " * len(cells)])


def test_a_table_is_refused_only_if_small_type_does_not_make_it_fit(tmp_path: Path) -> None:
    """What counts is what is printed, not how formulas are written."""
    slopes = r"\frac{\partial L}{\partial x} & \frac{\partial L}{\partial y}"
    matrix = rf"$\begin{{bmatrix}} {slopes} \end{{bmatrix}}$"
    write_chapter(tmp_path, [table_of(*[matrix] * 8), table_of(*["word"] * 20)])
    render(tmp_path, tmp_path / "_book", "pandoc")
    write_chapter(tmp_path, ["a", table_of(*["word"] * 30)])
    said = (
        r"chapter\.qmd:11: the table that starts with `(word ?){8}` is too wide for the PDF's page"
    )
    with pytest.raises(BookError, match=said):
        render(tmp_path, tmp_path / "_book", "pandoc")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Corpus", "title: 中文", "in the title, the PDF's fonts have no 中"),
        ("title: Corpus", "title: [A, B]", "book: title must be text"),
        (
            "chapter.qmd]\nq",
            "{part: A, chapters: [chapter.qmd]}]\nq",
            "chapters must be .qmd files",
        ),
        ("chapter.qmd]\nq", "chapter.ipynb]\nq", "chapters must be .qmd files beside it, not ch"),
        ("  title", "  appendices: [chapter.qmd]\n  title", "book: appendices is not known here"),
        (
            "  title",
            "  page-footer: {left: [{text: A}]}\n  title",
            "book: page-footer must be text",
        ),
        ("\nbook:", "\nexecute: {warning: false}\nbook:", "execute: warning is not known here"),
        ("\nbook:", "\nnumber-sections: false\nbook:", "number-sections is not known here"),
    ],
)
def test_what_the_project_file_has_is_checked(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    write_chapter(tmp_path, ["a"])
    (tmp_path / "_quarto.yml").write_text(CONFIG.replace(old, new), encoding="utf-8")
    with pytest.raises(BookError, match=f"_quarto.yml: {said}"):
        render(tmp_path, tmp_path / "_book", "pandoc")


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_pages_are_as_by_quarto(tmp_path: Path) -> None:
    entries = [(text, wanted) for text, wanted in SHOWN if not any(own in text for own in OWN)]
    write_chapter(tmp_path, [text for text, _ in entries])
    command = [find_quarto().program, "render", "--to", "html"]
    environment = {**os.environ, "QUARTO_PYTHON": sys.executable}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    texts = page_text(tmp_path / "_book" / "chapter.html")
    for (_, wanted), text in zip(entries, texts, strict=True):
        words = wanted.get("all") or wanted.get("site")
        assert not words or plain(words) in text
        assert "not" not in wanted or plain(wanted["not"]) not in text
