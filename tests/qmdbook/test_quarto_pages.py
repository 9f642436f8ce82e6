from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest
from fontTools.ttLib import TTFont

from qmdbook.quarto_pages import SKIP, classic, finish, finished


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (
            '<script src="site_libs/quarto-html/quarto.js" type="module"></script>\n'
            '<script src="site_libs/quarto-html/tabsets/tabsets.js" type="module"></script>\n',
            '<script src="site_libs/quarto-html/quarto.js" defer></script>\n',
        ),
        (
            '<a href="./q1.html" class="pagination-link" aria-label="One">1 One</a>',
            '<a href="./q1.html" class="pagination-link">1 One</a>',
        ),
        (
            '<a href="./hw1.pdf" class="tool" aria-label="Download PDF"><i></i></a>',
            '<a href="./hw1.pdf" class="tool" aria-label="Download PDF"><i></i></a>',
        ),
        (
            '<link href="d.css" class="quarto-color-scheme quarto-color-alternate" id="x">',
            '<link href="d.css" class="quarto-color-scheme quarto-color-alternate" media="screen" '
            'id="x">',
        ),
        ('<a href="./">A book</a>', '<a href="./index.html">A book</a>'),
        ("<body class='x'><p>", f"<body class='x'>{SKIP}<p>"),
        (
            '<meta name="description" content="A \\1 page">'
            '<meta property="og:description" content="A book">',
            '<meta name="description" content="A \\1 page">'
            '<meta property="og:description" content="A \\1 page">',
        ),
        ('<h1 class="title">A book</h1><h1>One</h1>', '<p class="title h1">A book</p><h1>One</h1>'),
        ('<h1 class="title">One</h1><h2>Two</h2>', '<h1 class="title">One</h1><h2>Two</h2>'),
    ],
)
def test_pages_get_what_quarto_leaves_out(made: str, wanted: str) -> None:
    assert finished(made) == wanted
    assert finished(wanted) == wanted


def write_site(folder: Path) -> None:
    """A site as Quarto leaves it, as far as it is completed."""
    for path, text in {
        "index.html": '<p class="lead">Text',
        "site_libs/quarto-html/quarto.js": 'import * as tabs from "./tabs/tabs.js";\ntabs.init();',
        "site_libs/quarto-html/tabs/tabs.js": "export function init() {\n  show();\n}\n",
        "site_libs/bootstrap/bootstrap.css": ".lead{a:b}.show{a:b}.card{a:b}",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    with TTFont(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")) as icons:
        icons.save(folder / "site_libs" / "bootstrap" / "bootstrap-icons.woff")


def test_imported_modules_move_into_the_script(tmp_path: Path) -> None:
    write_site(tmp_path)
    assert classic(tmp_path / "site_libs/quarto-html/quarto.js") == (
        "const tabs = (() => {\nfunction init() {\n  show();\n}\n\nreturn { init };\n})();"
        "\ntabs.init();"
    )


def test_what_is_finished_stays_as_it_is(tmp_path: Path) -> None:
    write_site(tmp_path)
    finish(tmp_path)
    once = {path: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.[chj]*")}
    assert once[tmp_path / "site_libs/bootstrap/bootstrap.css"] == ".lead{a:b}.show{a:b}"
    finish(tmp_path)
    assert once == {path: path.read_text(encoding="utf-8") for path in once}
