"""The Quarto project file, as far as this package needs it."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from qmdbook.errors import BookError
from qmdbook.known import CELL_OPTIONS, PROJECT, QUARTO

CELL_TIMEOUT = 120  # seconds that a cell may take
TEXTS = ("title", "subtitle", "author", "description", "date")
MALFORMED = (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Input:
    """Files that the code of chapters reads.

    Attributes:
        pattern: a glob pattern below the book's folder.
        chapters: the file names of the chapters that read them; all chapters if empty.
    """

    pattern: str
    chapters: tuple[str, ...] = ()

    def is_of(self, chapter: str) -> bool:
        """Whether the chapter with this file name reads the files."""
        return not self.chapters or chapter in self.chapters


@dataclass(frozen=True)
class Project:
    """A Quarto book; what `_quarto.yml` does not give is empty."""

    folder: Path  # where that is
    title: str
    chapters: tuple[Path, ...]
    subtitle: str = ""
    author: str = ""
    description: str = ""
    date: str = ""
    bibliography: Path | None = None
    pdf_name: str = "book.pdf"
    lang: str = "en"
    cell_defaults: dict[str, object] | None = None  # options of cells that don't set their own
    resources: tuple[Path, ...] = ()  # files that pages load, copied beside them
    footer: str = ""  # Markdown at the foot of each page
    notebooks: tuple[str, ...] = ()  # names of the chapters offered as executed notebooks
    inputs: tuple[Input, ...] = ()  # the files that the chapters' code reads


def load_project(folder: Path, strict: bool = False) -> Project:
    """Reads `_quarto.yml`; if `strict`, refuses what this package would drop and Quarto does not.

    Raises:
        BookError: it is missing, not YAML, or names files that don't exist.
    """
    path = folder.resolve() / "_quarto.yml"
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        if strict:
            _check_keys(config)
        project = _project(path.parent, config)
    except OSError as error:
        raise BookError(f"{path} can't be read: run this in the book's folder.") from error
    except MALFORMED as error:
        raise BookError(
            f"{path} must be YAML in UTF-8 with book: title and book: chapters, a list of files."
        ) from error
    for kind, files in (("chapter", project.chapters), ("resource", project.resources)):
        for file in files:
            if not file.is_file():
                raise BookError(
                    f"{file.name}, a {kind} named in {path.name}, does not exist; correct its name."
                )
    stems = {chapter.stem for chapter in project.chapters}
    readers = {Path(chapter).stem for source in project.inputs for chapter in source.chapters}
    for key, chapters in (("notebooks", set(project.notebooks)), ("inputs", readers)):
        if chapters - stems:
            name = min(chapters - stems)
            raise BookError(f"{path}: qmdbook: {key}: {name} is not a chapter; correct its name.")
    if Path(project.pdf_name).name != project.pdf_name:
        raise BookError(f"{path}: book: output-file must be a file name, without folders.")
    return project


def _check_keys(config: dict[str, Any]) -> None:
    for part, known in PROJECT.items():
        for key in _map(config.get(part)) if part else config:
            if key not in known:
                where = f"{part}: {key}" if part else key
                raise BookError(f"_quarto.yml: {where} is not known here; {QUARTO}.")
    for key in TEXTS:
        if isinstance(config["book"].get(key), list | dict):
            raise BookError(f"_quarto.yml: book: {key} must be text.")
    footer = config["book"].get("page-footer") or ""
    for text in footer.values() if isinstance(footer, dict) else [footer]:
        if not isinstance(text, str):
            raise BookError(
                "_quarto.yml: book: page-footer must be text, or left, center and right."
            )
    for name in config["book"]["chapters"]:
        if not re.fullmatch(r"[\w-]+\.qmd", str(name)):
            raise BookError(f"_quarto.yml: chapters must be .qmd files beside it, not {name}.")


def _project(folder: Path, config: dict[str, Any]) -> Project:
    """The project described by `config`; raises one of `MALFORMED` if it isn't well formed."""
    book, own = config["book"], config.get("qmdbook") or {}
    texts = {key: str(book.get(key) or "") for key in TEXTS} | {"title": str(book["title"])}
    if texts["date"] in {"today", "now"}:
        texts["date"] = str(datetime.date.today())
    options = (config.get("execute") or {}) | _map(_map(config.get("format")).get("html"))
    footer = book.get("page-footer") or ""
    if not isinstance(footer, str):
        parts = (footer.get(side) for side in ("left", "center", "right"))
        footer = " · ".join(part for part in parts if isinstance(part, str))
    resources = (  # a pattern that fits no file stands for itself
        sorted(folder.glob(str(path.relative_to(folder)))) or [path]
        for path in _files(folder, (config.get("project") or {}).get("resources", []))
    )
    return Project(
        folder=folder,
        chapters=_files(folder, book["chapters"]),
        **texts,
        bibliography=folder / str(config["bibliography"]) if config.get("bibliography") else None,
        pdf_name=f"{book.get('output-file', 'book')}.pdf",
        lang=str(config.get("lang", "en")),
        cell_defaults={key: options[key] for key in CELL_OPTIONS if key in options},
        resources=tuple(chain(*resources)),
        footer=footer,
        notebooks=tuple(Path(str(name)).stem for name in own.get("notebooks", [])),
        inputs=tuple(chain(*map(_inputs, own.get("inputs", [])))),
    )


def _inputs(item: str | dict[str, list[str]]) -> list[Input]:
    """An entry of `inputs`: a pattern, or a pattern with the chapters that read its files."""
    if isinstance(item, str):
        return [Input(item)]
    return [Input(pattern, tuple(map(str, chapters))) for pattern, chapters in item.items()]


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _files(folder: Path, names: list[Any]) -> tuple[Path, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(names)
    return tuple(folder / name.lstrip("/") for name in names)  # a slash is the book's folder
