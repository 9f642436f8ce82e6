"""Completes the pages that Quarto has made; `post-render` in `_quarto.yml` makes Quarto run this.

Afterwards they work from the disk, can be printed from the dark theme, meet WCAG 2.1 AA, and load
about half as much.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from qmdbook.lighter import keep_icons, names, with_palettes, without_unused

SKIP = '<a class="visually-hidden-focusable skip" href="#quarto-document-content">Skip to text</a>'
PATCHES = [
    # Browsers load no modules from the disk: see `classic`.
    (r'<script src="[^"]*tabsets\.js" type="module"></script>\n?', ""),
    (r'(<script src="[^"]*quarto\.js") type="module"', r"\1 defer"),
    # A link's name must be what it shows.
    (r'(class="pagination-link") aria-label="[^"]*"', r"\1"),
    # On a disk a folder does not show its index.html.
    (r'href="\./"', 'href="./index.html"'),
    # Paper is white.
    (r'(class="quarto-color-scheme quarto-color-alternate")(?! media)', r'\1 media="screen"'),
    # The keyboard gets past the menus.
    (rf"(<body[^>]*>)(?!{re.escape(SKIP)})", rf"\1{SKIP}"),
]


def finish(site: Path) -> None:
    """Completes all pages of the site in the folder `site`."""
    pages = sorted(site.glob("*.html"))
    libraries = site / "site_libs"
    for page in pages:
        _rewrite(page, finished(page.read_text(encoding="utf-8")))
    for script in libraries.glob("quarto-html/*.js"):
        _rewrite(script, classic(script))
    used = names([*pages, *libraries.rglob("*.js")])
    for sheet in libraries.glob("bootstrap/*.css"):
        _rewrite(sheet, without_unused(sheet.read_text(encoding="utf-8"), used))
    keep_icons(libraries / "bootstrap" / "bootstrap-icons.woff", libraries / "bootstrap")
    for figure in site.glob("*_files/figure-html/*.svg"):
        _rewrite(figure, with_palettes(figure.read_text(encoding="utf-8")))


def finished(page: str) -> str:
    """A page with what Quarto leaves out; see the comments of `PATCHES`."""
    for pattern, replacement in PATCHES:
        page = re.sub(pattern, replacement, page)
    about = re.search(r'<meta name="description" content="([^"]*)"', page)
    if about:  # the page's own, not the book's
        start = '<meta property="og:description" content="'
        page = re.sub(rf'{start}[^"]*', lambda _: start + about[1], page)
    if page.count("<h1") > 1:  # the book's title above the first heading
        page = re.sub(r'<h1 class="title">(.*?)</h1>', r'<p class="title h1">\1</p>', page)
    return page


def classic(script: Path) -> str:
    """A module script and those that it imports as a plain one."""

    def inline(found: re.Match[str]) -> str:
        module = (script.parent / found[2]).read_text(encoding="utf-8")
        exported = ", ".join(re.findall(r"(?m)^export function (\w+)", module))
        body = re.sub(r"(?m)^export ", "", module)
        return f"const {found[1]} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"

    pattern = r'(?m)^import \* as (\w+) from "([^"]+)";$'
    return re.sub(pattern, inline, script.read_text(encoding="utf-8"))


def _rewrite(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__" and os.environ.get("QUARTO_PROJECT_RENDER_ALL"):
    finish(Path(os.environ["QUARTO_PROJECT_OUTPUT_DIR"]))
