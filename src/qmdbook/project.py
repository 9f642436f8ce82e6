"""The Quarto project file, as far as this package needs it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from qmdbook.errors import BookError

MALFORMED = (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Project:
    """A Quarto book.

    Attributes:
        folder: where `_quarto.yml` is.
        title: title of the book; `subtitle`, `author`, `description`, `date` likewise, empty if
            not given.
        chapters: files of the chapters, in order.
        bibliography: BibTeX file, or None.
        pdf_name: file name of the PDF.
        lang: language of the text, such as en.
        cell_defaults: options of cells that don't set their own.
        resources: files that pages load, copied beside them.
        footer: Markdown at the foot of each page.
        notebooks: names of the chapters that are offered as executed notebooks.
        inputs: glob patterns of the files that the chapters' code reads.
    """

    folder: Path
    title: str
    chapters: tuple[Path, ...]
    subtitle: str = ""
    author: str = ""
    description: str = ""
    date: str = ""
    bibliography: Path | None = None
    pdf_name: str = "book.pdf"
    lang: str = "en"
    cell_defaults: dict[str, Any] | None = None
    resources: tuple[Path, ...] = ()
    footer: str = ""
    notebooks: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


def load_project(folder: Path) -> Project:
    """Reads `_quarto.yml`.

    Raises:
        BookError: it is missing, not YAML, or names files that don't exist.
    """
    path = folder.resolve() / "_quarto.yml"
    try:
        project = _project(path.parent, yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BookError(f"{path} can't be read: run this in the book's folder.") from error
    except MALFORMED as error:
        raise BookError(
            f"{path} must be YAML in UTF-8 with book: title and book: chapters, a list of files."
        ) from error
    for kind, files in (("chapter", project.chapters), ("resource", project.resources)):
        for file in files:
            if not file.is_file():
                raise BookError(f"{file.name}, a {kind} named in {path.name}, does not exist.")
    unknown = set(project.notebooks) - {chapter.stem for chapter in project.chapters}
    if unknown:
        raise BookError(f"{path}: qmdbook: notebooks: {min(unknown)} is not a chapter.")
    if Path(project.pdf_name).name != project.pdf_name:
        raise BookError(f"{path}: book: output-file must be a file name, without folders.")
    return project


def _project(folder: Path, config: dict[str, Any]) -> Project:
    """The project described by `config`; raises one of `MALFORMED` if it isn't well formed."""
    book, own = config["book"], config.get("qmdbook") or {}
    bibliography = config.get("bibliography")
    return Project(
        folder=folder,
        title=str(book["title"]),
        chapters=tuple(_files(folder, book["chapters"])),
        subtitle=_text(book, "subtitle"),
        author=_text(book, "author"),
        description=_text(book, "description"),
        date=_date(_text(book, "date")),
        bibliography=folder / str(bibliography) if bibliography else None,
        pdf_name=f"{book.get('output-file', 'book')}.pdf",
        lang=str(config.get("lang", "en")),
        cell_defaults=_cell_defaults(config),
        resources=tuple(_resources(folder, (config.get("project") or {}).get("resources", []))),
        footer=_footer(book.get("page-footer") or {}),
        notebooks=tuple(Path(str(name)).stem for name in own.get("notebooks", [])),
        inputs=tuple(str(pattern) for pattern in own.get("inputs", [])),
    )


def _resources(folder: Path, patterns: list[Any]) -> list[Path]:
    """The files behind the patterns; one that fits no file stands for itself."""
    return [
        path
        for pattern in _files(folder, patterns)
        for path in sorted(folder.glob(str(pattern.relative_to(folder)))) or [pattern]
    ]


def _files(folder: Path, names: list[Any]) -> list[Path]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(names)
    return [folder / name.lstrip("/") for name in names]  # Quarto: a slash is the book's folder


def _cell_defaults(config: dict[str, Any]) -> dict[str, Any]:
    """`echo` and `code-fold` as the project sets them for all cells."""
    execute = config.get("execute") or {}
    formats = config.get("format") or {}
    html = formats.get("html") if isinstance(formats, dict) else None
    wanted = {**execute, **(html if isinstance(html, dict) else {})}
    return {name: wanted[name] for name in ("echo", "code-fold") if name in wanted}


def _footer(footer: str | dict[str, Any]) -> str:
    """The parts of Quarto's page footer as one line of Markdown."""
    if isinstance(footer, str):
        return footer
    parts = (footer.get(side) for side in ("left", "center", "right"))
    return " · ".join(part for part in parts if isinstance(part, str))


def _date(text: str) -> str:
    """A date as written; `today` is the day of the build."""
    return f"{datetime.date.today():%Y-%m-%d}" if text in {"today", "now"} else text


def _text(book: dict[str, Any], key: str) -> str:
    return str(book.get(key) or "")
