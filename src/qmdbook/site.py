"""The HTML site: a page a chapter, with navigation, search and a dark theme, all of it local."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qmdbook.pandoc import Document, all_labels, run_pandoc, write
from qmdbook.project import Project
from qmdbook.qmd import Chapter

TEMPLATES = Path(__file__).parent / "templates"
FONTS = Path(__file__).parent / "fonts"
ASSETS = ("book.css", "book.js", "pages.js", "search.js", "theme.js", "favicon.svg")
SECTION = re.compile(r'<h[123][^>]*?(?: id="([^"]*)")?[^>]*>(.*?)</h[123]>', re.DOTALL)
UNSAID = re.compile(r"<(annotation|script|style|button)\b.*?</\1>", re.DOTALL)
FORMULA = re.compile(r"<math.*?</math>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


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
        BookError: a reference leads nowhere.
    """
    pages = [_page(document) for document in documents]
    labels = all_labels(documents)
    footer = run_pandoc(["-f", "markdown", "-t", "html5"], project.footer, folder)
    arguments = ["-t", "html5", "--mathml", "--standalone", "--toc", "--toc-depth=3"]
    arguments += ["--wrap=none", f"--template={TEMPLATES / 'page.html'}"]
    arguments += ["-M", f"lang={project.lang}", *citation_options(project)]

    def build(index: int) -> list[dict[str, str]]:
        tree, context = documents[index].tree, _context(project, chapters[index], pages, index)
        meta = tree["meta"] | _escaped(context)["c"] | {"footer": _raw(footer)}
        text = write({**tree, "meta": meta}, arguments, labels, pages[index].name, folder)
        (folder / pages[index].href).write_text(text, encoding="utf-8")
        return list(_search_entries(pages[index], text))

    with ThreadPoolExecutor(2) as pool:
        entries = [entry for found in pool.map(build, range(len(pages))) for entry in found]
    assets = folder / "assets"
    assets.mkdir()
    for source in (*(TEMPLATES / name for name in ASSETS), *FONTS.glob("*.woff2")):
        shutil.copy(source, assets / source.name)
    for resource in project.resources:
        target = folder / resource.relative_to(project.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(resource, target)
    index_text = json.dumps(entries, ensure_ascii=False)
    (assets / "search-index.js").write_text(f"window.searchIndex = {index_text};\n", "utf-8")


def _escaped(value: str | bool | list[Any] | dict[str, Any]) -> dict[str, Any]:
    """A template's variables as pandoc's metadata; strings are text, also within an attribute."""
    if isinstance(value, dict):
        return {"t": "MetaMap", "c": {key: _escaped(item) for key, item in value.items()}}
    if isinstance(value, list):
        return {"t": "MetaList", "c": [_escaped(item) for item in value]}
    if isinstance(value, bool):
        return {"t": "MetaBool", "c": value}
    return _raw(html.escape(value))


def _raw(markup: str) -> dict[str, Any]:
    return {"t": "MetaInlines", "c": [{"t": "RawInline", "c": ["html", markup]}]}


def citation_options(project: Project) -> list[str]:
    """Pandoc's options for a bibliography, if the book has one."""
    if project.bibliography is None:
        return []
    bibliography = f"--bibliography={project.bibliography}"
    return ["--citeproc", bibliography, "-M", "link-citations=true", "-M", "link-bibliography=true"]


def _page(document: Document) -> Page:
    heading = next((x for x in document.labels if x["kind"] == "chapter"), None)
    if heading is None:
        title = "Home" if document.name == "index" else document.name
        return Page(document.name, "", title)
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
        "notebooks": _notebooks(project, pages, index),
    }
    if index > 0:
        context["previous"] = link(pages[index - 1])
    if index + 1 < len(pages):
        context["next"] = link(pages[index + 1])
    return context


def _notebooks(project: Project, pages: list[Page], index: int) -> list[dict[str, str]]:
    """The notebooks that a page offers: its own, or all of them if it has none."""
    offered = [page for page in pages if page.name in project.notebooks]
    own = pages[index] in offered
    return [
        {
            "href": f"notebooks/{page.name}.ipynb",
            "text": "This chapter as a notebook" if own else f"Notebook: {page.title}",
        }
        for page in ([pages[index]] if own else offered)
    ]


def _search_entries(page: Page, text: str) -> Iterator[dict[str, str]]:
    """One entry for each section of a page that this module has written."""
    main = UNSAID.sub(" ", text.partition("<main")[2].partition("<nav")[0])
    headings = list(SECTION.finditer(main))
    ends = [heading.start() for heading in headings[1:]] + [len(main)]
    for heading, end in zip(headings, ends, strict=True):
        yield {
            "page": page.title,
            "title": _plain(heading[2]),
            "href": f"{page.href}#{heading[1]}" if heading[1] else page.href,
            "text": _plain(main[heading.end() : end]),
        }


def _plain(markup: str) -> str:
    """Text without tags; within formulas each tag parts what is beside it."""
    apart = FORMULA.sub(lambda formula: TAG.sub(" ", formula[0]), markup)
    return " ".join(html.unescape(TAG.sub("", apart)).split())
