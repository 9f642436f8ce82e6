"""Titles and names that would be code in some format come out as text in all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pypandoc
import pypdf
import pytest
import yaml

from qmdbook.render import Outputs, render

HOSTILE = (
    "<script>alert(1)</script> \\input{/etc/passwd} #read('/etc/passwd') [x](javascript:alert(1)) "
    "<img src=x onerror=alert(1)> $y$ *z* `{python} 1`"
)


class Page(HTMLParser):
    """Scripts, links, handlers and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str | None] = []
        self.risky: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.scripts.append(dict(attrs).get("src"))
        self.risky += [(k, v) for k, v in attrs if k.startswith("on") or "javascript:" in (v or "")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def hostile(
    write_two: Callable[[Path, str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Outputs:
    """A book whose title, subtitle, author and description, and an output, are hostile."""
    folder = write_two(tmp_path_factory.mktemp("hostile"), f"print({HOSTILE!r})")
    config = yaml.safe_load((folder / "_quarto.yml").read_text())
    config["book"] |= dict.fromkeys(("title", "subtitle", "author", "description"), HOSTILE)
    (folder / "_quarto.yml").write_text(yaml.safe_dump(config))
    return render(folder, folder / "_book", "pandoc")


@pytest.mark.parametrize("name", ["index", "q1_one"])
def test_in_pages(hostile: Outputs, name: str) -> None:
    page = Page(hostile.site.with_name(f"{name}.html").read_text(encoding="utf-8"))
    assert all(source and source.startswith("assets/") for source in page.scripts)
    assert not [pair for pair in page.risky if pair[0] not in {"content"}]
    assert HOSTILE in page.text


def test_in_the_pdf(hostile: Outputs) -> None:
    reader = pypdf.PdfReader(hostile.pdf)
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    assert (
        text.count("".join(HOSTILE.replace("'", "’").split()))
        + text.count("".join(HOSTILE.split()))
        >= 2
    )
    assert "root:" not in text
    assert reader.metadata is not None
    assert reader.metadata.title == HOSTILE
    links = [a.get_object().get("/A", {}) for p in reader.pages for a in p.get("/Annots", [])]
    assert not [link for link in links if str(link.get("/URI", "")).startswith("javascript")]


def test_in_the_notebook(hostile: Outputs) -> None:
    notebook = nbformat.read(hostile.notebooks[0], as_version=4)
    markdown = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    shown = "\n".join(pypandoc.convert_text(text, "html", "gfm") for text in markdown)
    page = Page(shown)
    assert not page.scripts
    assert not page.risky
    assert "<script" not in shown
    assert not re.search(r"<(img|a)\b[^>]*(javascript|onerror)", shown)
    assert HOSTILE in " ".join(page.text.split())
