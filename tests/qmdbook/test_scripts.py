from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pages import visiting
from qmdbook.errors import BookError
from qmdbook.scripts import plain

MODULES = {
    "main.js": 'import { add, ONE as one } from "./numbers.js";\n'
    'import * as words from "./words.js";\n'
    "document.title = words.written(add(one, one));\n",
    "numbers.js": "export const ONE = 1;\nconst hidden = 0;\n"
    "export function add(a, b) {\n  return a + b + hidden;\n}\n",
    "words.js": 'import { ONE } from "./numbers.js";\nconst hidden = ["none", "one", "two"];\n'
    "export function written(n) {\n  return hidden[n * ONE];\n}\nexport class Word {}\n",
}


def write(folder: Path, modules: dict[str, str]) -> Path:
    for name, text in modules.items():
        (folder / name).write_text(text)
    return folder / "main.js"


@pytest.mark.browser
def test_modules_run_from_a_disk(browser: Browser, tmp_path: Path) -> None:
    script = plain(write(tmp_path, MODULES))
    (tmp_path / "plain.js").write_text(script)
    (tmp_path / "page.html").write_text('<script src="plain.js"></script>')
    with visiting(browser, tmp_path / "page.html") as visit:
        assert visit.page.title() == "two"
    assert plain(tmp_path / "plain.js") == script


def test_what_is_missing_or_circular_is_refused(tmp_path: Path) -> None:
    main = write(tmp_path, {"main.js": 'import { a } from "./other.js";\n'})
    with pytest.raises(BookError, match=r"other\.js, a script, can't be read"):
        plain(main)
    write(tmp_path, {"other.js": 'import { b } from "./main.js";\nexport const a = 1;\n'})
    with pytest.raises(BookError, match=r"main\.js imports itself by way of other\.js"):
        plain(main)
