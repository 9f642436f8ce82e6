"""The small book, built by pandoc: pages, PDF, notebooks, and what must not happen."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pypdf
import pytest
from playwright.sync_api import Browser

from pages import check_page
from pdfs import alternative_texts, bookmarks, destinations, text_of
from qmdbook.errors import BookError
from qmdbook.render import Outputs, render
from smallbook import write_book

ALTS = ['A line that "rises".', "A dot."]


class Page(HTMLParser):
    """Ids, links, alt texts, tags and plain text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.alts: list[str | None] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(self.text.replace("\u00a0", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]
        self.alts += [values.get("alt")] * (tag == "img")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="session")
def pages(built: Outputs) -> dict[str, Page]:
    return {path.stem: Page(path) for path in built.site.parent.glob("*.html")}


@pytest.fixture(scope="session")
def notebooks(built: Outputs) -> list[nbformat.NotebookNode]:
    return [nbformat.read(path, as_version=4) for path in built.notebooks]


@pytest.mark.parametrize(
    ("name", "shown", "hidden"),
    [
        (
            "index",
            [
                "See Chapter 1, Figure 1.1, Equation 2.1, Table 2.1 and Section 1.1 and Figure",
                "The value is 42, the text <script>alert(1)</script> *a* $b$ @fig-line.",
                "Under a licence",
            ],
            [],
        ),
        (
            "q1_one",
            [
                "Equation 1.1, Figure 1.1 (number 1.1) and Table 1.1; chapter Chapter 2 has",
                "Figure 1.1. A line, see Equation 1.1.", "Table 1.1. A table.", "(1.1)",
                "1.2 Another part", "Show it",
            ],
            [],
        ),
        (
            "q2_two",
            ["Table 2.1. Another table."],
            [],
        ),
        (
            "q3_three",
            [
                "Table 3.1. A frame, see Equation 3.1.", "left right 0 1 3 1 2 4",
                "As Equation 3.1 and", "(3.2)", "line 0 line 1 line 2",
                "see Fig. 3.1, left and 3.1.",
            ],
            ["import pandas"],
        ),
    ],
)  # fmt: skip
def test_text_references_and_blocks_of_a_page(
    pages: dict[str, Page], name: str, shown: list[str], hidden: list[str]
) -> None:
    page = pages[name]
    assert [text for text in shown if text not in page.text] == []
    assert [text for text in [*hidden, "?@"] if text in page.text] == []
    assert page.tags.count("script") == 5  # the site's own
    assert ("details" in page.tags[page.tags.index("main") :]) == (name != "index")
    assert len(set(page.ids)) == len(page.ids)


def test_links_lead_somewhere_and_figures_have_alt_text(
    built: Outputs, pages: dict[str, Page]
) -> None:
    for page in pages.values():
        for link in page.links:
            file, _, anchor = link.partition("#")
            if not link.startswith(("https:", "data:")):
                assert not file or (built.site.parent / file).exists(), link
                ids = pages[Path(file).stem].ids if file.endswith(".html") else page.ids
                assert not anchor or anchor in ids, link
    assert sorted(str(alt) for page in pages.values() for alt in page.alts) == sorted(ALTS)
    assert "https://example.org" in pages["index"].links


def test_search_knows_every_section(built: Outputs) -> None:
    text = (built.site.parent / "assets" / "search-index.js").read_text(encoding="utf-8")
    entries = json.loads(text.removeprefix("window.searchIndex = ").removesuffix(";\n"))
    places = {entry["title"]: entry["href"] for entry in entries}
    assert {"Preface", "1 One & only", "1.1 A part", "1.2 Another part", "2 Two"} <= set(places)
    assert places["1.1 A part"] == "q1_one.html#sec-part"


def test_the_pdf_has_text_numbers_title_and_links(built: Outputs) -> None:
    reader = pypdf.PdfReader(built.pdf)
    text = text_of(reader)
    for shown in (
        "Figure 1.1. A line, see Equation 1.1.", "Table 2.1. Another table.", "Someone",
        "Figure 3.1. A drawing, see Equation 3.1.", "left right 0 1 3 1 2 4",
    ):  # fmt: skip
        assert shown in text
    assert "?@" not in text
    assert reader.metadata is not None
    assert reader.metadata.title == "A small book"
    assert "Preface" in dict(bookmarks(reader))
    assert len(destinations(reader)) > 10
    assert alternative_texts(reader) == ALTS


def test_notebooks_are_valid_executed_and_free_of_quarto_markup(
    notebooks: list[nbformat.NotebookNode],
) -> None:
    for notebook in notebooks:
        nbformat.validate(notebook)
        for cell in notebook.cells:
            text = json.dumps(cell.outputs) if cell.cell_type == "code" else cell.source
            assert not re.search(r"\{#|@(fig|tbl|eq|sec)-|:::|#\||\?@|`\{python\}|<!--", text)
    one, two = (
        "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
        .replace("\u00a0", " ")
        for notebook in notebooks[:2]
    )  # fmt: skip
    assert "pip install" in notebooks[0].cells[0].source
    for shown in (r"\tag{1.1}", r"\frac{1}{2}", "**Figure 1.1.** A *line*, see Equation 1.1."):
        assert shown in one
    assert "> **Solution**\n>\n> The answer is Equation 2.1." in two
    outputs = [o for cell in notebooks[0].cells for o in cell.get("outputs", [])]
    image = next(output for output in outputs if "image/png" in output.get("data", {}))
    metadata = image.metadata
    assert metadata["image/png"]["alt"] == metadata["alt"] == image.data["text/plain"] == ALTS[0]
    assert 200 < metadata["image/png"]["width"] < 300  # of 3 inches, cropped
    assert metadata["needs_background"] == "light"


def test_notebooks_keep_every_cell_and_the_quotes_around_them(
    notebooks: list[nbformat.NotebookNode],
) -> None:
    three = notebooks[2]
    code = [cell for cell in three.cells if cell.cell_type == "code"]
    assert [cell.source.splitlines()[0] for cell in code] == [
        "import pandas as pd", 'pd.DataFrame({"left": [1, 2], "right": [hidden, 4]})',
        'Markdown("As @eq-norm and\\n\\n$$ x^2 $$ {#eq-made}")',
        "for i in range(3):", '"not shown"',
    ]  # fmt: skip
    assert code[2].outputs[0].data["text/markdown"].startswith("As Equation\u00a03.1 and")
    assert code[3].outputs[0].text == "line 0\nline 1\nline 2\n"
    assert code[4].outputs == []
    place = three.cells.index(code[1])
    assert three.cells[place - 1].source.endswith("> **Worked out**\n>\n> Before the cell.")
    after = three.cells[place + 1].source.replace("\u00a0", " ")
    quoted = "**Table 3.1.** A frame, see Equation 3.1.\n\n> After the cell, see Fig."
    assert after.startswith(quoted)
    (drawing,) = [cell for cell in three.cells if "attachments" in cell]
    assert "](attachment:drawings-dot.svg)" in drawing.source
    assert "Raw for pages" not in json.dumps(three)


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    folder = write_book(tmp_path / "book")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(BookError, match="not built here"):
        render(folder, tmp_path / "home", "pandoc")
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


def test_relative_folders_defaults_of_the_project_and_a_site_by_quarto_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {"q1_one": "# A\n\n[@someone1999]\n", "q2_two": "# B\n", "q3_three": "# C\n"}
    folder = write_book(tmp_path / "book", index="# C\n\n```{python}\nx = 1\n```\n", **short)
    config = folder / "_quarto.yml"
    config.write_text(config.read_text().replace("fig-format: svg", "code-fold: show", 1))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "search.json").touch()  # as Quarto leaves it: to be replaced
    monkeypatch.chdir(tmp_path)
    site = render(Path("book"), Path("out"), "pandoc").site
    assert '<details class="code-fold" open>' in site.read_text()
    assert not (tmp_path / "out" / "search.json").exists()


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_work_from_a_file(built: Outputs, browser: Browser, theme: str) -> None:
    for path in sorted(built.site.parent.glob("*.html")):
        check_page(browser, path, 360, theme)
