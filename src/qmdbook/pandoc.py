"""Runs pandoc: once to parse and number a chapter, once for each format to write it."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypandoc

from qmdbook.errors import BookError

HERE = Path(__file__).parent
READER = "markdown"
WIDE = "--columns=100000"  # long lines don't make a table's columns equally wide
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
    """Runs pandoc on `text` in `folder`.

    Raises:
        BookError: pandoc or a filter refused the text.
    """
    command = [pypandoc.get_pandoc_path(), *arguments]
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


def number_chapters(texts: dict[str, str], folder: Path) -> list[Document]:
    """Parses the chapters' Markdown and numbers their labels.

    The chapter number counts the chapters whose first heading is not unnumbered.
    """
    numbers: dict[str, str] = {}
    count = 0
    for name, text in texts.items():
        first = next((line for line in text.splitlines() if line.startswith("# ")), "")
        unnumbered = ".unnumbered" in first or not first
        count += not unnumbered
        numbers[name] = "" if unnumbered else str(count)

    def number(name: str) -> Document:
        arguments = ["-f", READER, WIDE, "-t", "json", "--lua-filter", str(HERE / "number.lua")]
        arguments += ["-M", f"chapter={numbers[name]}"]
        tree = json.loads(run_pandoc(arguments, texts[name], folder))
        labels = json.loads(tree["meta"].pop("labels")["c"])
        return Document(name, tree, tuple({**label, "page": name} for label in labels))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(number, texts))


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
    strings = {"labels": json.dumps(labels), "page": page}
    meta = {key: {"t": "MetaString", "c": text} for key, text in strings.items()}
    tree = {**document, "meta": document["meta"] | meta}
    resolve = ["-f", "json", "--lua-filter", str(HERE / "resolve.lua")]
    try:
        return run_pandoc(resolve + arguments, json.dumps(tree), folder)
    except BookError as error:
        raise BookError(f"{page + '.qmd' if page else 'the book'}: {error}.") from error


def all_labels(documents: list[Document]) -> dict[str, dict[str, str]]:
    """The labels of all chapters."""
    return {label["id"]: label for document in documents for label in document.labels}
