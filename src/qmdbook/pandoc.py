"""Runs pandoc: to parse and number chapters, and to write formats, in which no word may be lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypandoc

from qmdbook.errors import BookError
from qmdbook.tree import Node, changed, elements, text_block

HERE = Path(__file__).parent
# A mark is a number for a formula and letters for a word, as writers set other signs in their ways.
MARK = re.compile(r"739(\d{6})|qxz([a-j]{6})", re.IGNORECASE)
LETTERS = str.maketrans("0123456789", "abcdefghij")
WRITTEN = {"html5": "the page", "typst": "the PDF", "gfm": "the notebook"}
API = [1, 23]  # the version of that
NOTEBOOK = "gfm-tex_math_gfm+tex_math_dollars-raw_html-footnotes"


@dataclass(frozen=True)
class Document:
    """A chapter as pandoc's syntax tree, its labels numbered.

    Attributes:
        name: of the chapter.
        tree: pandoc's JSON.
        labels: of each its id, kind, number, text and page, in order.
    """

    name: str
    tree: dict[str, Any]
    labels: tuple[dict[str, str], ...]


def run_pandoc(arguments: list[str], text: str, folder: Path) -> str:
    """Runs pandoc on `text` in `folder`; it reads no other file and opens no connection.

    Raises:
        BookError: pandoc or a filter refused the text.
    """
    command = [pypandoc.get_pandoc_path(), "--sandbox", *arguments]
    done = subprocess.run(
        command, input=text, cwd=folder, env=_environment(), capture_output=True, encoding="utf-8"
    )
    complaints = done.stderr.strip()
    if done.returncode or complaints:
        own = [line[9:] for line in complaints.splitlines() if line.startswith("qmdbook: ")]
        raise BookError(own[0] if own else f"pandoc: {complaints[-400:]}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Names of files and people are UTF-8 for pandoc also where the locale is C."""
    is_c = os.environ.get("LC_ALL") in {"C", "POSIX"}
    return {**os.environ, **({"LC_ALL": "C.UTF-8"} if is_c else {})}


def read(blocks: list[Node], folder: Path, *options: str) -> list[Node]:
    """Parses what blocks hold as text; see read.lua."""
    filtered: list[Node] = _filtered(blocks, {}, "read.lua", folder, *options)["blocks"]
    return filtered


def parse(text: str, folder: Path, *options: str) -> list[Node]:
    """Parses a text in Markdown."""
    parsed: list[Node] = read([text_block(["read"], [], text)], folder, *options)[0]["c"][1]
    return parsed


def number_chapters(trees: dict[str, list[Node]], folder: Path) -> list[Document]:
    """Numbers the labels of chapters.

    The chapter number counts the chapters whose first heading is not unnumbered.
    """
    numbers: dict[str, str] = {}
    count = 0
    for name, blocks in trees.items():
        title = next((header for header in elements(blocks, "Header") if header[0] == 1), None)
        is_numbered = title is not None and "unnumbered" not in title[1][1]
        count += is_numbered
        numbers[name] = str(count) if is_numbered else ""

    def number(name: str) -> Document:
        chapter = {"chapter": numbers[name]}
        tree = _filtered(trees[name], chapter, "number.lua", folder)
        labels = json.loads(tree["meta"].pop("labels")["c"])
        return Document(name, tree, tuple({**label, "page": name} for label in labels))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(number, trees))


def write(
    document: dict[str, Any],
    arguments: list[str],
    labels: dict[str, dict[str, str]],
    page: str,
    folder: Path,
) -> str:
    """Writes a syntax tree in the format that `arguments` name, its references resolved.

    Pandoc runs in `folder`. `labels` are all of the book's; `page` is the chapter that this is, or
    an empty string for the whole book.

    Raises:
        BookError: a reference leads nowhere.
    """
    meta = _strings({"labels": json.dumps(labels), "page": page})
    tree = {**document, "meta": document["meta"] | meta}
    arguments = ["-f", "json", "--lua-filter", str(HERE / "resolve.lua"), *arguments]
    words: dict[str, str] = {}
    marked = {**tree, "blocks": _marked(tree["blocks"], words)}
    marked["meta"] = tree["meta"] | _strings({"marked": "true"})
    try:
        text = run_pandoc(arguments, json.dumps(marked), folder)
        kept = {number or letters.lower() for number, letters in MARK.findall(text)}
        lost = [word for mark, word in words.items() if mark not in kept]
        if lost:
            where = WRITTEN[arguments[arguments.index("-t") + 1].partition("-")[0]]
            raise BookError(f"`{' '.join(lost[:8])}` would be missing from {where}")
        return run_pandoc(arguments, json.dumps(tree), folder)
    except BookError as error:
        raise BookError(f"{page + '.qmd' if page else 'the book'}: {error}.") from error


def _marked(tree: Node, words: dict[str, str]) -> Node:
    """A syntax tree with a mark in place of each word, formula and piece of code.

    The writers get this too: a word whose mark is not in what they write is one that they lose.
    """

    def mark(word: str, is_formula: bool = False) -> str:
        number = f"{len(words):06}"
        own = number if is_formula else number.translate(LETTERS)
        words[own] = word
        return f"739{own}" if is_formula else f"qxz{own}"

    def change(kind: str, content: Node) -> Node | None:
        if kind == "Cite" or (kind == "Image" and "fig-alt" in dict(content[0][2])):
            return {"t": kind, "c": content}  # of an image's texts only that one is shown
        if kind == "Str":
            return {"t": kind, "c": mark(content)}
        if kind in {"Code", "CodeBlock", "Math"}:
            return {"t": kind, "c": [content[0], mark(content[1], kind == "Math")]}
        return None

    return changed(tree, change)


def _filtered(
    blocks: list[Node], meta: dict[str, str], lua: str, folder: Path, *options: str
) -> dict[str, Any]:
    tree = {"pandoc-api-version": API, "meta": _strings(meta), "blocks": blocks}
    arguments = ["-f", "json", "-t", "json", f"--lua-filter={HERE / lua}", *options]
    filtered: dict[str, Any] = json.loads(run_pandoc(arguments, json.dumps(tree), folder))
    return filtered


def _strings(values: dict[str, str]) -> dict[str, Any]:
    return {key: {"t": "MetaString", "c": text} for key, text in values.items()}


def all_labels(documents: list[Document]) -> dict[str, dict[str, str]]:
    """The labels of all chapters."""
    return {label["id"]: label for document in documents for label in document.labels}
