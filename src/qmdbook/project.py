"""The Quarto project file, as far as this engine needs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hw1lib.errors import InputError

MALFORMED = (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


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
    path = folder.resolve() / "_quarto.yml"
    try:
        project = _project(path.parent, yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path} can't be read: run this in the book's folder.") from error
    except MALFORMED as error:
        raise InputError(
            f"{path} must be YAML in UTF-8 with book: title and book: chapters."
        ) from error
    for kind, files in (("chapter", project.chapters), ("resource", project.resources)):
        for file in files:
            if not file.is_file():
                raise InputError(f"{file.name}, a {kind} named in {path.name}, does not exist.")
    if Path(project.pdf_name).name != project.pdf_name:
        raise InputError(f"{path}: book: output-file must be a file's name, without folders.")
    return project


def _project(folder: Path, config: dict[str, Any]) -> Project:
    """The project as `config` has it; raises one of `MALFORMED` if that is not as it should be."""
    book = config["book"]
    bibliography = config.get("bibliography")
    return Project(
        folder,
        str(book["title"]),
        _text(book, "subtitle"),
        _text(book, "author"),
        _text(book, "description"),
        tuple(folder / str(name) for name in book["chapters"]),
        folder / str(bibliography) if bibliography else None,
        f"{book.get('output-file', 'book')}.pdf",
        str(config.get("lang", "en")),
        _cell_defaults(config),
        tuple(folder / str(name) for name in (config.get("project") or {}).get("resources", [])),
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
