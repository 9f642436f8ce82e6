"""The small book, built by pandoc: pages, PDF, notebooks, and what must not happen."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pypdf
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Browser

from pages import check_page
from qmdbook.errors import BookError
from qmdbook.render import Outputs, render
from smallbook import INDEX, ONE, THREE, TWO, write_book


class Page(HTMLParser):
    """Ids, links, images and plain text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(self.text.replace("\u00a0", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        for name in ("href", "src"):
            if values.get(name):
                self.links.append(str(values[name]))
        if tag == "img":
            self.images.append(values)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="session")
def pages(built: Outputs) -> dict[str, Page]:
    return {path.stem: Page(path) for path in built.site.parent.glob("*.html")}


def test_all_outputs_are_there(built: Outputs) -> None:
    folder = built.site.parent
    assert built.engine == "pandoc"
    assert sorted(path.name for path in folder.glob("*.html")) == [
        "index.html", "q1_one.html", "q2_two.html", "q3_three.html",
    ]  # fmt: skip
    assert built.pdf == folder / "small.pdf"
    assert [path.name for path in built.notebooks] == [
        "q1_one.ipynb",
        "q2_two.ipynb",
        "q3_three.ipynb",
    ]


def test_references_have_numbers_and_lead_somewhere(built: Outputs, pages: dict[str, Page]) -> None:
    assert "See Chapter 1, Figure 1.1, Equation 2.1, Table 2.1 and Section 1.1 and Figure 1.1." in (
        pages["index"].text
    )
    assert "Equation 1.1, Figure 1.1 (number 1.1) and Table 1.1; chapter Chapter 2 has" in (
        pages["q1_one"].text
    )
    for page in pages.values():
        assert len(set(page.ids)) == len(page.ids)
        for link in page.links:
            if link.startswith(("https:", "data:")):
                continue
            file, _, anchor = link.partition("#")
            target = built.site.parent / file if file else None
            assert target is None or target.exists(), link
            if anchor:
                ids = pages[target.stem].ids if target else page.ids
                assert anchor in ids, link


def test_captions_and_equations_carry_their_numbers(pages: dict[str, Page]) -> None:
    assert "Figure 1.1. A line, see Equation 1.1." in pages["q1_one"].text
    assert "Table 1.1. A table." in pages["q1_one"].text
    assert "Table 2.1. Another table." in pages["q2_two"].text
    assert "(1.1)" in pages["q1_one"].text
    assert "1.2 Another part" in pages["q1_one"].text


def test_figures_have_alt_text(pages: dict[str, Page]) -> None:
    images = [image for page in pages.values() for image in page.images]
    assert sorted(str(image["alt"]) for image in images) == ["A dot.", 'A line that "rises".']


def test_values_are_text_not_markup(built: Outputs, pages: dict[str, Page]) -> None:
    assert "The value is 42, the text <script>alert(1)</script> *a* $b$ @fig-line." in (
        pages["index"].text
    )
    assert pages["index"].tags.count("script") == 5  # the site's own
    assert '<a href="https://example.org">licence</a>' in (built.site).read_text()


def test_blocks_take_the_shape_of_a_page(pages: dict[str, Page]) -> None:
    text = pages["q2_two"].text
    assert "Only on the page." in text
    assert "Only elsewhere." not in text
    assert "Made by a cell." in text
    assert "details" in pages["q2_two"].tags
    assert "never_run()" in text
    assert "Show it" in pages["q1_one"].text


def test_what_cells_give_is_part_of_the_text(pages: dict[str, Page]) -> None:
    text = pages["q3_three"].text
    assert "Table 3.1. A frame, see Equation 3.1." in text
    assert "left right 0 1 3 1 2 4" in text
    assert "As Equation 3.1 and" in text
    assert text.count("(3.2)") == 1
    assert "line 0 line 1 line 2" in text
    assert "see Fig. 3.1, left and 3.1." in text
    assert "Raw for pages." in text
    assert "import pandas" not in text
    assert "'not shown'" not in text
    assert "style" not in pages["q3_three"].tags


def test_nothing_is_loaded_from_elsewhere(built: Outputs) -> None:
    for path in built.site.parent.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'(src|<link[^>]*href)="(https?:)?//', text)
        assert "?@" not in text
        assert "default-src 'none'" in text


def test_search_knows_every_section(built: Outputs) -> None:
    text = (built.site.parent / "assets" / "search-index.js").read_text(encoding="utf-8")
    entries = json.loads(text.removeprefix("window.searchIndex = ").removesuffix(";\n"))
    titles = {entry["title"] for entry in entries}
    assert {"Preface", "1 One & only", "1.1 A part", "1.2 Another part", "2 Two"} <= titles
    part = next(entry for entry in entries if entry["title"] == "1.1 A part")
    assert part["href"] == "q1_one.html#sec-part"


def test_the_pdf_has_text_numbers_title_and_links(built: Outputs) -> None:
    reader = pypdf.PdfReader(built.pdf)
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    text = text.replace("\u00a0", " ")
    assert reader.metadata is not None
    assert reader.metadata.title == "A small book"
    assert "Figure 1.1. A line, see Equation 1.1." in text
    assert "Table 2.1. Another table." in text
    assert "Only elsewhere." in text
    assert "Only on the page." not in text
    assert "Raw for pages." not in text
    assert "Someone" in text
    assert "Figure 3.1. A drawing, see Equation 3.1." in text
    assert "left right 0 1 3 1 2 4" in text
    assert "?@" not in text
    assert [item.title for item in reader.outline if not isinstance(item, list)][:2] == [
        "Contents", "Preface",
    ] or "Preface" in str(reader.outline)  # fmt: skip
    links = [a for page in reader.pages for a in page.get("/Annots", [])]
    assert len(links) > 10


def test_notebooks_are_valid_executed_and_free_of_quarto_markup(built: Outputs) -> None:
    for path in built.notebooks:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            code = cell.cell_type == "code"
            text = json.dumps(cell.outputs) if code else cell.source
            assert not re.search(r"\{#|@(fig|tbl|eq|sec)-|:::|#\||\?@|`\{python\}|<!--", text)
    one = nbformat.read(built.notebooks[0], as_version=4)
    prose = "\n".join(c.source for c in one.cells if c.cell_type == "markdown").replace(
        "\u00a0", " "
    )
    assert r"\tag{1.1}" in prose
    assert r"\frac{1}{2}" in prose
    assert "**Figure 1.1.** A *line*, see Equation 1.1." in prose
    assert "pip install" in one.cells[0].source
    images = [
        o
        for c in one.cells
        if c.cell_type == "code"
        for o in c.outputs
        if "image/png" in o.get("data", {})
    ]
    metadata = images[0].metadata
    assert metadata["image/png"]["alt"] == metadata["alt"] == 'A line that "rises".'
    assert 200 < metadata["image/png"]["width"] < 300  # of 3 inches, cropped
    assert metadata["needs_background"] == "light"
    assert images[0].data["text/plain"] == metadata["alt"]
    two = nbformat.read(built.notebooks[1], as_version=4)
    prose = "\n".join(c.source for c in two.cells if c.cell_type == "markdown").replace(
        "\u00a0", " "
    )
    assert "> **Solution**\n>\n> The answer is Equation 2.1." in prose


def test_notebooks_keep_every_cell_and_the_quotes_around_them(built: Outputs) -> None:
    three = nbformat.read(built.notebooks[2], as_version=4)
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
    assert after.startswith(
        "**Table 3.1.** A frame, see Equation 3.1.\n\n> After the cell, see Fig."
    )
    (drawing,) = [cell for cell in three.cells if "attachments" in cell]
    assert "](attachment:drawings-dot.svg)" in drawing.source
    assert "Raw for pages" not in json.dumps(three)
    two = nbformat.read(built.notebooks[1], as_version=4)
    assert "``` python\nnever_run()\n```" in "\n".join(cell.source for cell in two.cells)


@pytest.mark.parametrize("index", range(3))
def test_notebooks_run_again(built: Outputs, tmp_path: Path, index: int) -> None:
    notebook = nbformat.read(built.notebooks[index], as_version=4)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()


@pytest.mark.parametrize(
    ("chapter", "text", "message"),
    [
        (
            "q1_one",
            ONE.replace("@tbl-one;", "@tbl-none;"),
            "q1_one.qmd:39: .*@tbl-none leads nowhere",
        ),
        (
            "q2_two",
            TWO.replace("#tbl-two", "#tbl-one"),
            "q2_two.qmd:11: the label tbl-one appears in q1_one.qmd too",
        ),
        ("index", INDEX.replace("6 * 7", "6 / 0"), "index.qmd:5: .*ZeroDivisionError"),
        ("q1_one", ONE.replace("@someone", "@noone"), "q1_one.qmd:21: .*@noone1999 leads nowhere"),
        ("q3_three", THREE.replace('fig-alt="A dot." ', ""), "q3_three.qmd:11: .*no alt text"),
        ("q3_three", THREE.replace("dot.svg", "none.svg"), "q3_three.qmd:11: .* is not a file"),
        (
            "q1_one",
            ONE.replace("#| label: fig-line\n", "").replace("#| fig-alt", "# fig-alt"),
            "q1_one.qmd:30: this cell's figure has no alt text",
        ),
    ],
)
def test_a_failing_build_leaves_the_old_book_whole(
    built: Outputs, tmp_path: Path, chapter: str, text: str, message: str
) -> None:
    folder = write_book(tmp_path)
    shutil.copytree(built.site.parent.parent / ".cache", folder / ".cache")  # less to run
    output = folder / "_book"
    output.mkdir()
    (output / ".qmdbook").touch()
    (output / "index.html").write_text("old")
    (folder / f"{chapter}.qmd").write_text(text)
    with pytest.raises(BookError, match=message):
        render(folder, output, "pandoc")
    assert (output / "index.html").read_text() == "old"
    assert [path.name for path in folder.glob("._book*")] == ["._book.qmdbook-lock"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    folder = write_book(tmp_path / "book")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(BookError, match="not built here"):
        render(folder, tmp_path / "home", "pandoc")
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


def test_a_site_by_quarto_itself_is_replaced(tmp_path: Path) -> None:
    short = {"q1_one": "# A {#sec-one}\n", "q2_two": "# B\n", "q3_three": "# C\n"}
    folder = write_book(tmp_path / "book", index="# C\n", **short)
    (folder / "_book").mkdir()
    (folder / "_book" / "search.json").touch()
    assert render(folder, folder / "_book", "pandoc").site.is_file()
    assert not (folder / "_book" / "search.json").exists()


def test_the_folder_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"q1_one": "# A\n\n[@someone1999]\n", "q2_two": "# B\n", "q3_three": "# C\n"}
    write_book(tmp_path / "book", index="# C\n", **short)
    monkeypatch.chdir(tmp_path)
    assert render(Path("book"), Path("out"), "pandoc").site.is_file()


def test_the_project_sets_defaults_for_cells(tmp_path: Path) -> None:
    short = {"q1_one": "# A\n", "q2_two": "# B\n", "q3_three": "# C\n"}
    folder = write_book(tmp_path, index="# C\n\n```{python}\nx = 1\n```\n", **short)
    config = folder / "_quarto.yml"
    config.write_text(config.read_text().replace("fig-format: svg", "code-fold: show", 1))
    site = render(folder, folder / "_book", "pandoc").site
    assert '<details class="code-fold" open>' in site.read_text()


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "q1_one", "q2_two", "q3_three"])
def test_pages_work_from_a_file(built: Outputs, browser: Browser, name: str, theme: str) -> None:
    check_page(browser, built.site.parent / f"{name}.html", 360, theme)
