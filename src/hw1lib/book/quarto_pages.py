"""Completes the pages that Quarto has made; `post-render` in `_quarto.yml` makes Quarto run this.

Afterwards they work from the disk, can be printed from the dark theme, meet WCAG 2.1 AA, and their
style sheets are without the thousands of rules that no page uses.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

QUOTED = r'"(?:\\.|[^"\\])*"' + r"|'(?:\\.|[^'\\])*'"
TOKEN = re.compile(rf"{QUOTED}|/\*.*?\*/|[{{}};]", re.DOTALL)
PARENTHESES = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
SELECTOR = re.compile(rf"(?:{PARENTHESES}|[^,()])+")

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
CONDITIONS = ("@media", "@supports", "@container", "@layer")


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


def names(files: Iterable[Path]) -> set[str]:
    """Every word of the files: whatever class or id a page has or a script gives is among them."""
    texts = (path.read_text(encoding="utf-8") for path in files)
    return {name for text in texts for name in re.findall(r"[\w-]+", text)}


def without_unused(css: str, used: set[str]) -> str:
    """A style sheet without the rules for classes and ids that are not in `used`.

    Scripts put some names together, as from `bi-` and `search`: both parts are in `used` then.
    """
    beginnings = [name for name in used if re.fullmatch(r"[a-z][\w-]+-", name)]

    def is_used(name: str) -> bool:
        parts = (name.removeprefix(start) for start in beginnings if name.startswith(start))
        return name in used or any(part in used for part in parts)

    def matches(selector: str) -> bool:
        bare = re.sub(rf"{PARENTHESES}|\[[^\]]*\]", "", selector)
        return all(map(is_used, re.findall(r"[.#]([\w-]+)", bare)))

    def kept(css: str) -> Iterator[str]:
        for prelude, body in _rules(css):
            if body is None:
                yield prelude
            elif prelude.startswith(CONDITIONS):
                inner = "".join(kept(body))
                yield f"{prelude}{{{inner}}}" if inner else ""
            elif prelude.startswith("@"):
                yield f"{prelude}{{{body}}}"
            else:
                selectors = [s for s in SELECTOR.findall(prelude) if matches(s)]
                yield f"{','.join(selectors)}{{{body}}}" if selectors else ""

    return "".join(kept(css))


def _rules(css: str) -> Iterator[tuple[str, str | None]]:
    """What stands before each pair of outermost braces, and in it; None in statements, comments."""
    start = brace = depth = 0
    for token in TOKEN.finditer(css):
        mark = token[0]
        if mark == "{":
            depth += 1
            brace = token.start() if depth == 1 else brace
        elif mark == "}":
            depth -= 1
            if depth == 0:
                yield css[start:brace].strip(), css[brace + 1 : token.start()]
                start = token.end()
        elif depth == 0 and (mark == ";" or mark.startswith("/*")):
            yield css[start : token.end()].strip(), None
            start = token.end()


def _rewrite(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__" and os.environ.get("QUARTO_PROJECT_RENDER_ALL"):
    finish(Path(os.environ["QUARTO_PROJECT_OUTPUT_DIR"]))
