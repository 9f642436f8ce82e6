"""What every page of a built site must stand in a browser, whichever engine built it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

ABORTED = "net::ERR_ABORTED"  # what leaving a page cuts off
HEAVIEST = 1_500_000  # bytes of a page with all that it loads, as web servers send it
TEXTS = (".html", ".css", ".js", ".json", ".svg")  # which they compress
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
FONTS_READY = "document.fonts.ready.then(() => null)"
MISSING_IMAGES = "[...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)"
# What sticks out to the right without a box of its own that scrolls.
OVERFLOWING = """() => {
  const room = document.documentElement.clientWidth;
  const scrolls = (element) => element
    && (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  return [...document.querySelectorAll("main *")]
    .filter((e) => e.getBoundingClientRect().right > room + 1 && !scrolls(e))
    .map((e) => e.outerHTML.slice(0, 100));
}"""
HEADINGS = "[...document.querySelectorAll('main :is(h1,h2,h3,h4,h5,h6)')].map((h) => +h.tagName[1])"
UNFOLD = "document.querySelectorAll('main details').forEach((d) => { d.open = true; })"
IDS = "[...document.querySelectorAll('[id]')].map((e) => e.id)"
LINKS = "[...document.querySelectorAll('a[href]')].map((a) => a.href)"


@dataclass
class Visit:
    """A page, what went wrong on it so far, and the addresses that it loaded."""

    page: Page
    faults: list[str] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)

    def note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def note_request(self, request: Request) -> None:
        self.loaded.add(request.url)
        if not request.url.startswith(("file:", "data:")):
            self.faults.append(f"leaves the site: {request.url}")

    def note_failure(self, request: Request) -> None:
        if request.failure != ABORTED:
            self.faults.append(f"not loaded: {request.url} ({request.failure})")


@contextmanager
def visiting(
    browser: Browser, path: Path, width: int = 1280, theme: str = "light", **options: Any
) -> Iterator[Visit]:
    """Opens a page from the disk; at the end nothing may have gone wrong on it.

    Args:
        browser: a running browser.
        path: the page's file.
        width: of the window, in pixels.
        theme: light or dark, what the system asks for.
        options: further ones for the browser's context.
    """
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=theme, **options)  # type: ignore[arg-type]
    try:
        visit = Visit(context.new_page())
        visit.page.on("console", visit.note_message)
        visit.page.on("pageerror", lambda error: visit.faults.append(f"script: {error}"))
        visit.page.on("request", visit.note_request)
        visit.page.on("requestfailed", visit.note_failure)
        visit.page.goto(path.as_uri())
        yield visit
    finally:
        context.close()
    assert visit.faults == []


def check_page(browser: Browser, path: Path, width: int, theme: str) -> None:
    """All that a page must stand in one theme and at one width."""
    with visiting(browser, path, width, theme) as visit:
        page = visit.page
        page.evaluate(FONTS_READY)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate(MISSING_IMAGES) == []
        assert_outline(page)
        assert weight(visit.loaded) < HEAVIEST
        page.evaluate(UNFOLD)
        assert violations(page) == []


def assert_outline(page: Page) -> None:
    """One title, and no heading that skips a level."""
    levels = page.evaluate(HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def weight(loaded: set[str]) -> int:
    """Bytes of the files behind addresses, texts compressed."""
    paths = [Path(unquote(urlsplit(u).path)) for u in loaded if u.startswith("file:")]
    contents = [(path.suffix in TEXTS, path.read_bytes()) for path in paths]
    return sum(len(gzip.compress(c) if is_text else c) for is_text, c in contents)


def violations(page: Page, part: str = "html") -> list[str]:
    """What axe-core finds in a part against WCAG 2.1, levels A and AA: rule and place of each."""
    page.evaluate(AXE)
    options = {"runOnly": WCAG, "resultTypes": ["violations"], "preload": False}
    context = {"include": [part], "exclude": ["math > *"]}  # formulas have their text's colours
    found = page.evaluate("([context, options]) => axe.run(context, options)", [context, options])
    rules = found["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in rules for node in rule["nodes"]]


def broken_links(browser: Browser, site: Path) -> list[str]:
    """The links between a site's pages and files that lead nowhere, anchors included."""
    ids: dict[str, set[str]] = {}
    links: set[tuple[str, str]] = set()
    for path in sorted(site.glob("*.html")):
        with visiting(browser, path) as visit:
            ids[path.name] = set(visit.page.evaluate(IDS))
            links |= {(path.name, href) for href in visit.page.evaluate(LINKS)}
    return [f"{name}: {href}" for name, href in sorted(links) if not _leads_somewhere(href, ids)]


def _leads_somewhere(href: str, ids: dict[str, set[str]]) -> bool:
    parts = urlsplit(href)
    if parts.scheme in {"https", "mailto"}:
        return True
    path, anchor = Path(unquote(parts.path)), unquote(parts.fragment)
    path = path / "index.html" if path.is_dir() else path
    return path.is_file() and (not anchor or anchor in ids.get(path.name, set()))
