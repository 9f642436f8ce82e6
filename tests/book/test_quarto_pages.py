from __future__ import annotations

from pathlib import Path

import pytest

from hw1lib.book.quarto_pages import SKIP, classic, finish, finished, names, without_unused

USED = {"callout", "bi-", "search", "dark"}


@pytest.mark.parametrize(
    ("css", "left"),
    [
        ("p{a:b}.callout{c:d}", "p{a:b}.callout{c:d}"),
        (".card{a:b}", ""),
        (".card,.callout>p,.callout .card{a:b}", ".callout>p{a:b}"),
        ("#dark.callout{a:b}#other{a:b}", "#dark.callout{a:b}"),
        ("@media(min-width: 3em){.card{a:b}}", ""),
        ("@media print{.card{a:b}p{c:d}}", "@media print{p{c:d}}"),
        ("@keyframes turn{0%{a:b}to{c:d}}", "@keyframes turn{0%{a:b}to{c:d}}"),
        ("@page{margin:0}.card{a:b}", "@page{margin:0}"),
        ("@import 'x.css';.card{a:b}p{c:d}", "@import 'x.css';p{c:d}"),
        ("/*! Licence: www.card.org */.card{a:b}p{c:d}", "/*! Licence: www.card.org */p{c:d}"),
        ('p{content:"}.card{"}.card{a:b}', 'p{content:"}.card{"}'),
        (".bi-search{a:b}.bi-alarm{a:b}", ".bi-search{a:b}"),
        (".callout:not(.card,.x):is(h1,.card){a:b}", ".callout:not(.card,.x):is(h1,.card){a:b}"),
        ("a[href='x.card'],.card{a:b}", "a[href='x.card']{a:b}"),
    ],
)
def test_rules_for_what_no_page_has_are_left_out(css: str, left: str) -> None:
    assert without_unused(css, USED) == left


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


def test_imported_modules_move_into_the_script(tmp_path: Path) -> None:
    write_site(tmp_path)
    assert classic(tmp_path / "site_libs/quarto-html/quarto.js") == (
        "const tabs = (() => {\nfunction init() {\n  show();\n}\n\nreturn { init };\n})();"
        "\ntabs.init();"
    )


def test_what_is_finished_stays_as_it_is(tmp_path: Path) -> None:
    write_site(tmp_path)
    finish(tmp_path)
    once = {path: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.*")}
    assert once[tmp_path / "site_libs/bootstrap/bootstrap.css"] == ".lead{a:b}.show{a:b}"
    finish(tmp_path)
    assert once == {path: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.*")}


def test_every_word_may_be_a_name(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("x.classList.add(`bi-${kind}`)", encoding="utf-8")
    assert names([tmp_path / "a.js"]) == {"x", "classList", "add", "bi-", "kind"}
