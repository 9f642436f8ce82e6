"""Names and values that would be code in some format are text in all of them."""

from __future__ import annotations

import json
import re

import nbformat
import pypandoc
import pypdf
import pytest
import yaml
from playwright.sync_api import Browser

from qmdbook.render import Outputs, render
from smallbook import write_two

EVIL = (
    '<script>alert(1)</script> \\input{/etc/passwd} #read("/etc/passwd") [x](javascript:alert(1))'
    " <img src=x onerror=alert(1)> $y$ *z* `{python} 1` '&amp;"
)
NAMES = ("title", "subtitle", "author", "description")
CODE = f"""\
from IPython.display import HTML
evil = {EVIL!r}
HTML(
    "<table onclick='alert(1)'><thead onclick='alert(1)'><tr><th>head</th></tr></thead>"
    "<tbody onclick='alert(1)'><tr onclick='alert(1)'><td onclick='alert(1)'>"
    "cell</td></tr></tbody></table>"
    "<div onclick='alert(1)'><h2 onclick='alert(1)'>heading</h2></div>"
)
```

Said: `{{python}} evil` and $`{{python}} 1`$.

```{{python}}
#| code-fold: true
#| code-summary: {json.dumps(EVIL)}
print(evil)"""
ATTRIBUTES = "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """A book whose names, values and outputs are hostile."""
    folder = write_two(tmp_path_factory.mktemp("hostile"), CODE)
    chapter = folder / "q1_one.qmd"
    front = yaml.safe_dump({"description": EVIL})
    chapter.write_text(f"---\n{front}---\n\n{chapter.read_text()}")
    config = yaml.safe_load((folder / "_quarto.yml").read_text())
    config["book"] |= {name: f"{EVIL} {name}" for name in NAMES}
    (folder / "_quarto.yml").write_text(yaml.safe_dump(config))
    return render(folder, folder / "_book", "pandoc")


@pytest.mark.browser
def test_in_pages(hostile: Outputs, browser: Browser) -> None:
    page = browser.new_page(bypass_csp=True)  # by escaping alone, without the policy's help
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for name in ("index", "q1_one"):
        page.goto(hostile.site.with_name(f"{name}.html").as_uri())
        assert page.title().endswith(f"– {EVIL} title")
        assert page.inner_text(".brand") == f"{EVIL} title"
        assert page.get_attribute("meta[name=author]", "content") == f"{EVIL} author"
        assert page.locator("script:not([src])").count() == 0
        assert not [name for name in page.evaluate(ATTRIBUTES) if name.startswith("on")]
        assert page.locator("a[href^='javascript' i]").count() == 0
    assert page.get_attribute("meta[name=description]", "content") == EVIL
    assert f"Said: {EVIL} and" in page.inner_text("main")
    assert page.inner_text("main details summary") == EVIL
    assert page.inner_text("td") == "cell"
    page.fill("#search", "javascript")
    assert "[x](javascript:alert(1))" in page.inner_text("#search-results")
    page.close()


def test_in_the_pdf(hostile: Outputs) -> None:
    reader = pypdf.PdfReader(hostile.pdf)
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    assert text.replace("’", "'").count("".join(EVIL.split())) >= 3
    assert "root:" not in text
    assert reader.metadata is not None
    assert reader.metadata.title == f"{EVIL} title"
    links = [a.get_object().get("/A", {}) for p in reader.pages for a in p.get("/Annots", [])]
    assert not [link for link in links if str(link.get("/URI", "")).startswith("javascript")]


def test_in_the_notebook(hostile: Outputs) -> None:
    notebook = nbformat.read(hostile.notebooks[0], as_version=4)
    markdown = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    page = "\n".join(pypandoc.convert_text(text, "html", "gfm") for text in markdown)
    assert not re.search(r"<script|<[a-z][^>]*(javascript|onerror)", page)
    shown = pypandoc.convert_text(page, "plain", "html", ["--wrap=none"])
    assert EVIL in shown
