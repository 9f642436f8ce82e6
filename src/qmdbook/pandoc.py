"""Runs pandoc: to parse and number chapters, and to write formats."""

from __future__ import annotations

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pypandoc

from qmdbook.errors import BookError
from qmdbook.memory import Memory
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


@dataclass(frozen=True)
class Pandoc:
    """Runs pandoc in a folder.

    Attributes:
        folder: where it runs.
        memory: of what it wrote before.
    """

    folder: Path
    memory: Memory = field(default_factory=Memory)

    def run(self, arguments: list[str], text: str) -> str:
        """Runs pandoc on `text`; it reads no file but those in `arguments`, opens no connection.

        Raises:
            BookError: pandoc or a filter refused the text.
        """
        files = (Path(argument.rpartition("=")[2]) for argument in arguments)
        contents = [path.read_bytes() for path in files if path.is_file()]
        inputs = [self._program, json.dumps(arguments).encode(), text.encode(), *contents]
        return self.memory.recall(lambda: self._run(arguments, text).encode(), *inputs).decode()

    @cached_property
    def _program(self) -> bytes:
        """Stands for pandoc itself, and the filters and templates that it reads besides."""
        paths = sorted([*HERE.glob("*.lua"), *HERE.glob("templates/*.typ")])
        return "".join([version("pypandoc_binary"), *map(_text, paths)]).encode()

    def _run(self, arguments: list[str], text: str) -> str:
        return run_pandoc(arguments, text, self.folder)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def run_pandoc(arguments: list[str], text: str, folder: Path) -> str:
    """Runs pandoc on `text` in `folder`, whatever it wrote before; see `Pandoc.run`."""
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


def read(blocks: list[Node], pandoc: Pandoc, *options: str) -> list[Node]:
    """Parses what blocks hold as text; see read.lua."""
    filtered: list[Node] = _filtered(blocks, {}, "read.lua", pandoc, *options)["blocks"]
    return filtered


def parse(text: str, pandoc: Pandoc, *options: str) -> list[Node]:
    """Parses a text in Markdown."""
    parsed: list[Node] = read([text_block(["read"], [], text)], pandoc, *options)[0]["c"][1]
    return parsed


def number_chapters(
    chapters: list[Chapter], trees: list[list[Node]], pandoc: Pandoc
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
        tree = _filtered(blocks, {"chapter": number}, "number.lua", pandoc)
        labels = json.loads(tree["meta"].pop("labels")["c"])
        return Document(chapter, tree, tuple({**label, "page": chapter.name} for label in labels))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(number, chapters, trees, numbers))


def write(tree: dict[str, Any], pandoc: Pandoc, arguments: list[str], **meta: str) -> str:
    """Writes a syntax tree in the format that `arguments` name, its references resolved.

    Raises:
        BookError: a reference leads nowhere.
    """
    tree = {**tree, "meta": tree["meta"] | _strings(meta)}
    arguments = ["-f", "json", "--lua-filter", str(HERE / "resolve.lua"), *arguments]
    return pandoc.run(arguments, json.dumps(tree))


def _filtered(
    blocks: list[Node], meta: dict[str, str], lua: str, pandoc: Pandoc, *options: str
) -> dict[str, Any]:
    tree = {"pandoc-api-version": API, "meta": _strings(meta), "blocks": blocks}
    arguments = ["-f", "json", "-t", "json", f"--lua-filter={HERE / lua}", *options]
    filtered: dict[str, Any] = json.loads(pandoc.run(arguments, json.dumps(tree)))
    return filtered


def _strings(values: dict[str, str]) -> dict[str, Any]:
    return {key: {"t": "MetaString", "c": text} for key, text in values.items()}
