"""Runs pandoc: to parse and number chapters, and to write formats."""

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
from qmdbook.qmd import Chapter
from qmdbook.tree import Node, elements, text_block

HERE = Path(__file__).parent
API = [1, 23]  # the version of that
NOTEBOOK = "gfm-tex_math_gfm+tex_math_dollars-raw_html-footnotes"


@dataclass(frozen=True)
class Document:
    """A chapter as pandoc's syntax tree, its labels numbered.

    Attributes:
        chapter: whose text this is.
        tree: pandoc's JSON.
        labels: of each its id, kind, number, text and page, in order.
    """

    chapter: Chapter
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
    if done.returncode or done.stderr.strip():
        own = re.search(r"(?m)^qmdbook: (.*)", done.stderr)  # of a filter
        raise BookError(own[1] if own else f"pandoc: {' '.join(done.stderr.split()):.400}")
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


def number_chapters(
    chapters: list[Chapter], trees: list[list[Node]], folder: Path
) -> list[Document]:
    """Numbers the labels of chapters.

    The chapter number counts the chapters whose first heading is not unnumbered.
    """
    numbers: list[str] = []
    for blocks in trees:
        title = next((header for header in elements(blocks, "Header") if header[0] == 1), None)
        is_numbered = title is not None and "unnumbered" not in title[1][1]
        numbers.append(str(1 + sum(map(bool, numbers))) if is_numbered else "")

    def number(chapter: Chapter, blocks: list[Node], number: str) -> Document:
        tree = _filtered(blocks, {"chapter": number}, "number.lua", folder)
        labels = json.loads(tree["meta"].pop("labels")["c"])
        return Document(chapter, tree, tuple({**label, "page": chapter.name} for label in labels))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(number, chapters, trees, numbers))


def write(tree: dict[str, Any], folder: Path, arguments: list[str], **meta: str) -> str:
    """Writes a syntax tree in the format that `arguments` name, its references resolved.

    Raises:
        BookError: a reference leads nowhere.
    """
    tree = {**tree, "meta": tree["meta"] | _strings(meta)}
    arguments = ["-f", "json", "--lua-filter", str(HERE / "resolve.lua"), *arguments]
    return run_pandoc(arguments, json.dumps(tree), folder)


def _filtered(
    blocks: list[Node], meta: dict[str, str], lua: str, folder: Path, *options: str
) -> dict[str, Any]:
    tree = {"pandoc-api-version": API, "meta": _strings(meta), "blocks": blocks}
    arguments = ["-f", "json", "-t", "json", f"--lua-filter={HERE / lua}", *options]
    filtered: dict[str, Any] = json.loads(run_pandoc(arguments, json.dumps(tree), folder))
    return filtered


def _strings(values: dict[str, str]) -> dict[str, Any]:
    return {key: {"t": "MetaString", "c": text} for key, text in values.items()}
