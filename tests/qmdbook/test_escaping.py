"""Names and values are text on every page, whatever characters they have."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser

from qmdbook.render import Outputs, render
from smallbook import QUARTO, write_book

EVIL = "<script>document.title = 'x'</script> ](javascript:alert(1)) \\input{y} #read(\"z\") '&amp;"
CONFIG = QUARTO.replace('"A small book"', json.dumps(EVIL + " title"))
CONFIG = CONFIG.replace('"For tests"', json.dumps(EVIL + " subtitle"))
CONFIG = CONFIG.replace('"Nobody"', json.dumps(EVIL + " author"))
ONE = f"""\
---
description: {json.dumps(EVIL + " description")}
---

# One

```{{python}}
#| echo: false
evil = {EVIL!r}
[evil]
```

Said: `{{python}} evil` and $`{{python}} 1`$.

```{{python}}
#| code-fold: true
#| code-summary: {json.dumps(EVIL + " summary")}
from IPython.display import HTML

HTML(
    "<table onclick='alert(1)'><thead onclick='alert(1)'><tr><th>head</th></tr></thead>"
    "<tbody onclick='alert(1)'><tr onclick='alert(1)'><td onclick='alert(1)'>"
    "<a href='javascript:alert(1)'>cell</a><script>alert(1)</script></td></tr></tbody></table>"
    "<div onclick='alert(1)'><h2 onclick='alert(1)'>heading</h2></div>"
)
```

[@someone1999]
"""


@pytest.fixture(scope="session")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """A book whose names and values would be markup if they were not escaped."""
    short = {"index": "# Preface\n", "q2_two": "# Two\n", "q3_three": "# Three\n"}
    folder = write_book(tmp_path_factory.mktemp("evil"), q1_one=ONE, **short)
    (folder / "_quarto.yml").write_text(CONFIG, encoding="utf-8")
    return render(folder, folder / "_book", "pandoc")


@pytest.mark.browser
def test_names_and_values_are_text(evil: Outputs, browser: Browser) -> None:
    page = browser.new_page(bypass_csp=True)  # by escaping alone, without the policy's help
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for path in sorted(evil.site.parent.glob("*.html")):
        page.goto(path.as_uri())
        assert page.title().endswith(f"– {EVIL} title")
        assert page.inner_text(".brand") == f"{EVIL} title"
        assert page.get_attribute("meta[name=author]", "content") == f"{EVIL} author"
        assert page.locator("script:not([src])").count() == 0
        handlers = "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
        assert not [name for name in page.evaluate(handlers) if name.startswith("on")]
        assert page.locator("a[href^='javascript' i]").count() == 0
    page.goto((evil.site.parent / "q1_one.html").as_uri())
    assert page.get_attribute("meta[name=description]", "content") == f"{EVIL} description"
    assert f"Said: {EVIL} and" in page.inner_text("main")
    assert page.inner_text("summary:has-text('summary')") == f"{EVIL} summary"
    assert page.inner_text("td") == "cell"
    page.fill("#search", "javascript")
    assert "](javascript:alert(1))" in page.inner_text("#search-results")
    page.close()
