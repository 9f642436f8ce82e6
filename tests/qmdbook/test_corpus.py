"""Nothing is lost: each small text of the corpus is shown in all formats, or refused with a line."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pypdf
import pytest
from PIL import Image

from corpus import REFUSED, SHOWN
from qmdbook.check import check_book, check_outputs, read_chapters
from qmdbook.errors import BookError
from qmdbook.execute import code_cells, execute_chapters
from qmdbook.pandoc import number_chapters, read
from qmdbook.project import Project
from qmdbook.qmd import Chapter, parse_chapter
from qmdbook.render import render
from qmdbook.weave import weave
from smallbook import DRAWING

CONFIG = """\
book:
  title: Corpus
  output-file: corpus
  chapters: [chapter.qmd]
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
            left[number] = chapter, read_chapters([chapter], folder)["chapter"]
        except BookError as error:
            messages[number] = str(error)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(take, range(len(REFUSED))))
    together = [part for chapter, _ in left.values() for part in chapter.parts]
    whole = Chapter(folder / "whole.qmd", {}, tuple(together), "", ())
    project = Project(folder, "T", ())
    executed = execute_chapters(project, [whole])["whole"]
    assert len(list(code_cells(whole))) == len(together)
    cells = iter(executed.cells[1:])
    woven = {}
    for number, (chapter, blocks) in left.items():
        own = [next(cells) for _ in chapter.parts]
        for part, run in enumerate(own):
            run.metadata["qmdbook"]["part"] = part
        notebook = nbformat.v4.new_notebook(cells=own)
        try:
            woven[str(number)] = weave(chapter, blocks, notebook, folder / "figures")
        except BookError as error:
            messages[number] = str(error)
    filled = read(woven, folder)
    for name, blocks in filled.items():
        chapter = left[int(name)][0]
        try:
            check_outputs(chapter, blocks)
            documents = number_chapters({"chapter": blocks}, folder)
            check_book(project, [chapter], documents, folder)
        except BookError as error:
            messages[int(name)] = str(error)
    return messages


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_not_known_is_refused_with_its_line(refusals: list[str], number: int) -> None:
    _, line, words = REFUSED[number]
    assert refusals[number].startswith(f"chapter.qmd:{line}: ")
    assert words in refusals[number]
    assert refusals[number].count("\n") == 0


@pytest.fixture(scope="session")
def sections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The text of each entry that has to be shown, for each format."""
    folder = tmp_path_factory.mktemp("shown")
    files_beside(folder)
    texts = [f"## Entry{n}. {{.unnumbered}}\n\n{text}\n" for n, (text, _) in enumerate(SHOWN)]
    chapter = "---\ntitle: Corpus title\n---\n\n" + "\n".join(
        [*texts, "## Entry end {.unnumbered}\n"]
    )
    (folder / "chapter.qmd").write_text(chapter, encoding="utf-8")
    (folder / "_quarto.yml").write_text(CONFIG)
    built = render(folder, folder / "_book", "pandoc")
    page = (built.site.parent / "chapter.html").read_text(encoding="utf-8")
    page = re.sub(r"<annotation.*?</annotation>", "", page, flags=re.DOTALL)
    notebook = nbformat.read(built.notebooks[0], as_version=4)
    said = [
        cell.source
        + "\n"
        + "\n".join(str(o.get("text", o.get("data"))) for o in cell.get("outputs", ()))
        for cell in notebook.cells
    ]
    print_out = "\n".join(p.extract_text() for p in pypdf.PdfReader(built.pdf).pages[1:])
    whole = {"site": Text(page).text, "pdf": print_out, "notebook": "\n".join(said)}
    return {name: split(text) for name, text in whole.items()}


def split(text: str) -> list[str]:
    """The text of each entry, without markup and with single spaces."""
    text = text[text.rindex("Entry0.") :]
    return [plain(piece) for piece in re.split(r"Entry\s?\d+\.|Entry end", text)[1:-1]]


def plain(text: str) -> str:
    return " ".join(re.sub(r"[*\\_~`\u00ad\u2060]", "", text.replace("\u00a0", " ")).split())


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
