"""The HTML site: a page a chapter, with navigation, search and a dark theme, all of it local."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from qmdbook import FONTS
from qmdbook.book import Book, Format
from qmdbook.pandoc import HERE, Document
from qmdbook.scripts import plain
from qmdbook.tree import Node

TEMPLATES = HERE / "templates"
PAGE = Format("the page", "html5", "write it in another way")
ASSETS = ("book.css", "book.js", "pages.js", "search.js", "theme.js", "favicon.svg")
SECTION = re.compile(r'<h[123][^>]*?(?: id="([^"]*)")?[^>]*>(.*?)</h[123]>', re.DOTALL)
UNSAID = re.compile(r"<(annotation|script|style|button)\b.*?</\1>", re.DOTALL)
FORMULA = re.compile(r"<math.*?</math>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
Page: TypeAlias = dict[
    str, str
]  # what navigation shows of a chapter: its name, file, number and text
Value: TypeAlias = "str | bool | Sequence[Value] | Mapping[str, Value]"  # of a template's variable


def build_site(book: Book) -> None:
    """Writes all pages, the search index and the assets beside the book's images.

    Raises:
        BookError: a reference leads nowhere.
    """
    project, folder = book.project, book.stage
    pages = [_page(document) for document in book.documents]
    footer = book.pandoc.run(["-f", "markdown", "-t", "html5"], project.footer)
    options = ["--mathml", "--standalone", "--toc", "--toc-depth=3"]
    options += [f"--template={TEMPLATES / 'page.html'}", f"--metadata=lang={project.lang}"]

    def build(index: int) -> list[dict[str, str]]:
        context = {key: _escaped(value) for key, value in _context(book, pages, index).items()}
        variables = {**context, "footer": _raw(footer)}
        text = book.write(PAGE, book.documents[index], *options, variables=variables)
        (folder / pages[index]["href"]).write_text(text, encoding="utf-8")
        return list(_search_entries(pages[index], text))

    entries = list(chain.from_iterable(book.pandoc.each(build, range(len(pages)))))
    files = {f"assets/{name}": TEMPLATES / name for name in ASSETS}
    files |= {f"assets/{font.name}": font for font in FONTS.glob("*.woff2")}
    files |= {str(file.relative_to(project.folder)): file for file in project.resources}
    for name, source in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".js":
            (folder / name).write_text(plain(source), encoding="utf-8")
        else:
            shutil.copy(source, folder / name)
    script = f"window.searchIndex = {json.dumps(entries, ensure_ascii=False)};\n"
    (folder / "assets" / "search-index.js").write_text(script, encoding="utf-8")


def _escaped(value: Value) -> Node:
    """A template's variables as pandoc's metadata; strings are text, also within an attribute."""
    if isinstance(value, str):
        return _raw(html.escape(value))
    if isinstance(value, bool):
        return {"t": "MetaBool", "c": value}
    if isinstance(value, Mapping):
        return {"t": "MetaMap", "c": {key: _escaped(item) for key, item in value.items()}}
    return {"t": "MetaList", "c": [_escaped(item) for item in value]}


def _raw(markup: str) -> Node:
    return {"t": "MetaInlines", "c": [{"t": "RawInline", "c": ["html", markup]}]}


def _page(document: Document) -> Page:
    name = document.chapter.name
    heading = next((label for label in document.labels if label.kind == "chapter"), None)
    text = heading.text if heading else "Home" if name == "index" else name
    number = heading.number if heading else ""
    return {"name": name, "href": f"{name}.html", "number": number, "text": text}


def _context(book: Book, pages: list[Page], index: int) -> dict[str, Value]:
    """All that the page template fills in besides the text."""
    project, page, own = book.project, pages[index], book.documents[index].chapter.front_matter
    description = str(own.get("description") or project.description)
    has_one = page["name"] in project.notebooks  # a chapter without notebook offers all
    offered = (
        [page] if has_one else [other for other in pages if other["name"] in project.notebooks]
    )
    beside = {"previous": index - 1, "next": index + 1}
    titles = dict.fromkeys([page["text"], project.title])  # the home page may have the book's
    return {
        "pagetitle": page["text"],
        "tab-title": " – ".join(titles),
        "book-title": project.title,
        "book-author": project.author,
        "description-meta": " ".join(description.split()),
        "chapters": [{**other, "current": other is page} for other in pages],
        "pdf": project.pdf_name,
        "notebooks": [
            {
                "href": f"notebooks/{other['name']}.ipynb",
                "text": "This chapter as a notebook" if has_one else f"Notebook: {other['text']}",
            }
            for other in offered
        ],
        **{key: pages[i] for key, i in beside.items() if 0 <= i < len(pages)},
    }


def _search_entries(page: Page, text: str) -> Iterator[dict[str, str]]:
    """One entry for each section of a page that this module has written."""
    main = UNSAID.sub(" ", text.partition("<main")[2].partition("<nav")[0])
    pieces = SECTION.split(main)[1:]
    for anchor, title, words in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        yield {
            "page": page["text"],
            "title": _plain(title),
            "href": f"{page['href']}#{anchor}" if anchor else page["href"],
            "text": _plain(words),
        }


def _plain(markup: str) -> str:
    """Text without tags; within formulas each tag parts what is beside it."""
    apart = FORMULA.sub(lambda formula: TAG.sub(" ", formula[0]), markup)
    return " ".join(html.unescape(TAG.sub("", apart)).split())
