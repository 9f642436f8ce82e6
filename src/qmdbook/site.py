"""The HTML site: a page a chapter, with navigation, search and a dark theme, all of it local."""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qmdbook.pandoc import Document, all_labels, write
from qmdbook.project import Project
from qmdbook.qmd import Chapter

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = (
    "book.css", "book.js", "search.js", "previews.js", "theme.js", "favicon.svg",
    "stix-two-math.woff2",
)  # fmt: skip
# Pandoc writes \\hat with a hat as wide as what is under it, subscripts included.
WIDE_HAT, NARROW_HAT = '<mo accent="true">\u0302</mo>', '<mo accent="true" stretchy="false">^</mo>'


@dataclass(frozen=True)
class Page:
    """What navigation shows of a chapter."""

    name: str
    number: str
    title: str

    @property
    def href(self) -> str:
        """The page's file."""
        return f"{self.name}.html"


def build_site(
    project: Project, chapters: list[Chapter], documents: list[Document], folder: Path
) -> None:
    """Writes all pages, the search index and the assets into `folder`.

    Raises:
        InputError: a reference leads nowhere.
    """
    pages = [_page(document) for document in documents]
    labels = all_labels(documents)

    def build(index: int) -> list[dict[str, str]]:
        context = _context(project, chapters[index], pages, index)
        text = _html(project, documents[index], labels, context, folder)
        text = text.replace(WIDE_HAT, NARROW_HAT)
        (folder / pages[index].href).write_text(text, encoding="utf-8")
        return list(_search_entries(pages[index], text))

    with ThreadPoolExecutor(2) as pool:
        entries = [entry for found in pool.map(build, range(len(pages))) for entry in found]
    assets = folder / "assets"
    assets.mkdir()
    for name in ASSETS:
        shutil.copy(TEMPLATES / name, assets / name)
    for resource in project.resources:
        shutil.copy(resource, folder / resource.name)
    index_text = json.dumps(entries, ensure_ascii=False)
    (assets / "search-index.js").write_text(f"window.searchIndex = {index_text};\n", "utf-8")


def _html(
    project: Project,
    document: Document,
    labels: dict[str, dict[str, str]],
    context: dict[str, Any],
    folder: Path,
) -> str:
    meta = document.tree["meta"] | _escaped(context)["c"]
    arguments = ["-t", "html5", "--mathml", "--standalone", "--toc", "--toc-depth=3"]
    arguments += ["--wrap=none", f"--template={TEMPLATES / 'page.html'}"]
    arguments += ["-M", f"lang={project.lang}", *citation_options(project)]
    return write({**document.tree, "meta": meta}, arguments, labels, document.name, folder)


def _escaped(value: str | bool | list[Any] | dict[str, Any]) -> dict[str, Any]:
    """A template's variables as pandoc's metadata; strings are text, also within an attribute."""
    if isinstance(value, dict):
        return {"t": "MetaMap", "c": {key: _escaped(item) for key, item in value.items()}}
    if isinstance(value, list):
        return {"t": "MetaList", "c": [_escaped(item) for item in value]}
    if isinstance(value, bool):
        return {"t": "MetaBool", "c": value}
    return {"t": "MetaInlines", "c": [{"t": "RawInline", "c": ["html", html.escape(value)]}]}


def citation_options(project: Project) -> list[str]:
    """Pandoc's options for a bibliography, if the book has one."""
    if project.bibliography is None:
        return []
    bibliography = f"--bibliography={project.bibliography}"
    return ["--citeproc", bibliography, "-M", "link-citations=true", "-M", "link-bibliography=true"]


def _page(document: Document) -> Page:
    heading = next((x for x in document.labels if x["kind"] == "chapter"), None)
    if heading is None:
        return Page(document.name, "", document.name)
    return Page(document.name, heading["number"], heading["text"])


def _context(project: Project, chapter: Chapter, pages: list[Page], index: int) -> dict[str, Any]:
    """All that the page template fills in besides the text."""

    def link(page: Page) -> dict[str, Any]:
        return {
            "href": page.href,
            "number": page.number,
            "text": page.title,
            "current": page is pages[index],
        }

    description = chapter.front_matter.get("description") or project.description
    context: dict[str, Any] = {
        "pagetitle": pages[index].title,
        "book-title": project.title,
        "book-author": project.author,
        "description-meta": " ".join(str(description).split()),
        "chapters": [link(page) for page in pages],
        "pdf": project.pdf_name,
        "notebooks": _notebooks(pages, index),
        "built-from": built_from(project),
    }
    if index > 0:
        context["previous"] = link(pages[index - 1])
    if index + 1 < len(pages):
        context["next"] = link(pages[index + 1])
    return context


def _notebooks(pages: list[Page], index: int) -> list[dict[str, str]]:
    """The notebooks that a page offers: its own, or all of them where it has none."""
    own = has_notebook(pages[index].name)
    offered = [pages[index]] if own else [page for page in pages if has_notebook(page.name)]
    return [
        {
            "href": f"notebooks/{page.name}.ipynb",
            "text": "This chapter as notebook" if own else f"Notebook: {page.title}",
        }
        for page in offered
    ]


def has_notebook(name: str) -> bool:
    """Whether a chapter is offered as a notebook: the questions are, the pages around them not."""
    return name not in {"index", "api"}


def built_from(project: Project) -> str:
    """The version and the date of the results, for the foot of the page."""
    text = f"hw1lib {version('hw1lib')}"
    try:
        summary = json.loads((project.folder / "results" / "summary.json").read_text("utf-8"))
        return f"{text}, results of {summary['date']}"
    except (OSError, ValueError, KeyError, TypeError):
        return text


class _Sections(HTMLParser):
    """Splits a page's main text by its headings."""

    SKIPPED = frozenset({"script", "style", "annotation", "nav", "button"})
    VOID = frozenset({"img", "br", "hr", "meta", "link", "input", "col", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[dict[str, str]] = []
        self.open: list[str] = []
        self.heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.VOID:
            return
        self.open.append(tag)
        if tag in {"h1", "h2", "h3"} and "main" in self.open:
            self.sections.append({"id": dict(attrs).get("id") or "", "title": "", "text": ""})
            self.heading = True

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        while self.open and self.open.pop() != tag:
            pass
        if tag in {"h1", "h2", "h3"}:
            self.heading = False

    def handle_data(self, data: str) -> None:
        if self.sections and "main" in self.open and not self.SKIPPED & set(self.open):
            self.sections[-1]["title" if self.heading else "text"] += data


def _search_entries(page: Page, text: str) -> Iterator[dict[str, str]]:
    """One entry for each section of a page."""
    parser = _Sections()
    parser.feed(text)
    for section in parser.sections:
        yield {
            "page": page.title,
            "title": " ".join(section["title"].split()),
            "href": f"{page.href}#{section['id']}" if section["id"] else page.href,
            "text": " ".join(section["text"].split()),
        }
