"""The Quarto project file, as far as this engine needs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hw1lib.errors import InputError


@dataclass(frozen=True)
class Project:
    """A Quarto book.

    Attributes:
        folder: where `_quarto.yml` is.
        title: of the book; `subtitle`, `author` and `description` likewise, empty if not given.
        chapters: the chapters' files, in order.
        bibliography: the BibTeX file, or None.
        pdf_name: the PDF's file name.
        lang: language of the text, such as en.
        cell_defaults: options of cells that don't say otherwise.
        resources: files that pages load, put beside them.
    """

    folder: Path
    title: str
    subtitle: str
    author: str
    description: str
    chapters: tuple[Path, ...]
    bibliography: Path | None
    pdf_name: str
    lang: str
    cell_defaults: dict[str, Any]
    resources: tuple[Path, ...]


def load_project(folder: Path) -> Project:
    """Reads `_quarto.yml`.

    Raises:
        InputError: it is missing, no YAML, or names chapters that don't exist.
    """
    folder = folder.resolve()
    path = folder / "_quarto.yml"
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        book = config["book"]
        chapters = tuple(folder / str(name) for name in book["chapters"])
        title = str(book["title"])
    except OSError as error:
        raise InputError(f"{path} can't be read: run this in the book's folder.") from error
    except (yaml.YAMLError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path} must be YAML in UTF-8 with book: title and book: chapters."
        ) from error
    for chapter in chapters:
        if not chapter.is_file():
            raise InputError(f"{chapter.name}, a chapter named in {path.name}, does not exist.")
    bibliography = config.get("bibliography")
    resources = tuple(
        folder / str(name) for name in (config.get("project") or {}).get("resources", [])
    )
    for resource in resources:
        if not resource.is_file():
            raise InputError(f"{resource.name}, a resource named in {path.name}, does not exist.")
    return Project(
        folder,
        title,
        _text(book, "subtitle"),
        _text(book, "author"),
        _text(book, "description"),
        chapters,
        folder / str(bibliography) if bibliography else None,
        f"{book.get('output-file', 'book')}.pdf",
        str(config.get("lang", "en")),
        _cell_defaults(config),
        resources,
    )


def _cell_defaults(config: dict[str, Any]) -> dict[str, Any]:
    """`echo` and `code-fold` as the project sets them for all cells of a page."""
    execute = config.get("execute") or {}
    formats = config.get("format") or {}
    html = formats.get("html") if isinstance(formats, dict) else None
    wanted = {**execute, **(html if isinstance(html, dict) else {})}
    return {name: wanted[name] for name in ("echo", "code-fold") if name in wanted}


def _text(book: dict[str, Any], key: str) -> str:
    return str(book.get(key) or "")
