"""Parses a .qmd chapter into prose and code cells, and refuses what this engine does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from qmdbook.errors import BookError

INLINE = re.compile(r"(?<!`)`\{python\}[ \t]([^`]+)`")
FENCE = re.compile(r"^\s*(`{3,}|~{3,})\s*(.*?)\s*$")
DIV = re.compile(r"^\s*:{3,}\s*(?:\{(.*)\}|(\S+))\s*$")
OPTION = re.compile(r"^#\|\s?(.*)$")
TEXT = (str,)
# What each cell option may be: any text, or one of the values here.
OPTIONS: dict[str, tuple[object, ...]] = {
    "label": TEXT, "fig-cap": TEXT, "fig-alt": TEXT, "tbl-cap": TEXT, "code-summary": TEXT,
    "classes": TEXT, "echo": (True, False), "eval": (True, False), "include": (True, False),
    "output": (True, False, "asis"), "code-fold": (True, False, "show"),
}  # fmt: skip
FRONT_MATTER = {"title", "description", "jupyter", "format"}
CAPTIONS = {"fig": ("fig-cap", "fig-alt"), "tbl": ("tbl-cap",)}  # what a label asks for
DIV_CLASSES = re.compile(
    r"callout-(note|tip|warning|important|caution)|content-(visible|hidden)|extra|cards?"
)


@dataclass(frozen=True)
class Prose:
    """Markdown between cells; `line` is where it starts, counted from 1."""

    text: str
    line: int

    def inline(self) -> Iterator[tuple[str, int]]:
        """The inline expressions with their lines."""
        for match in INLINE.finditer(self.text):
            yield match[1].strip(), self.line + self.text.count("\n", 0, match.start())


@dataclass(frozen=True)
class Cell:
    """A code cell without its options; `line` is that of its fence."""

    source: str
    line: int
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The label, or an empty string."""
        return str(self.options.get("label", ""))


@dataclass(frozen=True)
class Chapter:
    """A parsed .qmd file."""

    path: Path
    front_matter: dict[str, Any]
    parts: tuple[Prose | Cell, ...]

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    def where(self, line: int) -> str:
        """How messages name a place: file:line."""
        return f"{self.path.name}:{line}"

    def place_of(self, pattern: str) -> str:
        """The place where `pattern`, a regular expression, last stands in the file."""
        text = self.path.read_text(encoding="utf-8")
        found = [match.start() for match in re.finditer(pattern, text)]
        return self.where(text.count("\n", 0, found[-1]) + 1) if found else self.path.name


def parse_chapter(path: Path, defaults: dict[str, Any] | None = None) -> Chapter:
    """Reads a chapter, whose cells have the options `defaults` where they set no others.

    Raises:
        BookError: it can't be read, or uses a construct that this engine does not know; names
            file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BookError(f"{path.name} can't be read as UTF-8 text ({error}).") from error
    front_matter, start = _front_matter(path, lines)
    return Chapter(path, front_matter, tuple(_parts(path, lines, start, defaults or {})))


def _front_matter(path: Path, lines: list[str]) -> tuple[dict[str, Any], int]:
    if not lines or lines[0].strip() != "---":
        return {}, 0
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        raise BookError(f"{path.name}:1: the front matter never ends; close it with `---`.")
    try:
        values = yaml.safe_load("\n".join(lines[1:end])) or {}
    except (yaml.YAMLError, ValueError) as error:
        raise BookError(f"{path.name}:1: the front matter is no YAML.") from error
    if not isinstance(values, dict):
        raise BookError(f"{path.name}:1: the front matter must be `name: value` lines.")
    unknown = sorted(map(str, set(values) - FRONT_MATTER))
    if unknown:
        raise BookError(f"{path.name}:1: front matter {unknown[0]!r} is not known here.")
    return values, end + 1


def _parts(
    path: Path, lines: list[str], start: int, defaults: dict[str, Any]
) -> Iterator[Prose | Cell]:
    """Prose and cells in order."""
    prose_start, i = start, start
    while i < len(lines):
        fence = FENCE.match(lines[i])
        if not fence:
            _check_prose(path, lines[i], i + 1)
            i += 1
            continue
        end = _closing(path, lines, i, fence[1])
        language = re.match(r"\{\s*([^=.\s}]\S*?)\s*[},\s]", fence[2] + " ")
        if language and language[1] != "python":
            raise BookError(f"{path.name}:{i + 1}: cells in {language[1]} are not known here.")
        if language:
            if lines[i][0].isspace():
                raise BookError(f"{path.name}:{i + 1}: a cell must start at the line's beginning.")
            yield from _prose(path, lines, prose_start, i)
            yield _cell(path, lines[i + 1 : end], i + 1, defaults)
            prose_start = end + 1
        i = end + 1
    yield from _prose(path, lines, prose_start, len(lines))


def _prose(path: Path, lines: list[str], start: int, end: int) -> Iterator[Prose]:
    text = "\n".join(lines[start:end])
    if not text.strip():
        return
    prose = Prose(text, start + 1)
    for expression, line in prose.inline():
        if "\n" in expression:
            raise BookError(f"{path.name}:{line}: an inline expression must fit on one line.")
    yield prose


def _closing(path: Path, lines: list[str], start: int, marker: str) -> int:
    """The line of the fence that closes the one at `start`."""
    for i in range(start + 1, len(lines)):
        fence = FENCE.match(lines[i])
        if fence and fence[1].startswith(marker) and not fence[2]:
            return i
    raise BookError(f"{path.name}:{start + 1}: this fence is never closed.")


def _cell(path: Path, lines: list[str], line: int, defaults: dict[str, Any]) -> Cell:
    """A cell from its lines without the fences."""
    count = next((i for i, text in enumerate(lines) if not OPTION.match(text)), len(lines))
    matches = [OPTION.match(text) for text in lines[:count]]
    try:
        options = yaml.safe_load("\n".join(match[1] for match in matches if match)) or {}
    except (yaml.YAMLError, ValueError) as error:
        raise BookError(f"{path.name}:{line}: the cell's #| options are no YAML.") from error
    _check_options(f"{path.name}:{line}", options)
    return Cell("\n".join(lines[count:]).strip("\n"), line, {**defaults, **options})


def _check_options(place: str, options: object) -> None:
    """Refuses cell options that are not known, and labels that lack a caption or alt text."""
    if not isinstance(options, dict):
        raise BookError(f"{place}: the cell's #| options must be `name: value` lines.")
    for name, value in options.items():
        allowed = OPTIONS.get(name)
        if allowed is None:
            raise BookError(f"{place}: cell option {name!r} is not known here.")
        if value not in allowed and not (allowed is TEXT and isinstance(value, str)):
            wanted = "text" if allowed is TEXT else " or ".join(str(v).lower() for v in allowed)
            raise BookError(f"{place}: cell option {name} must be {wanted}.")
    label = str(options.get("label", ""))
    for name in CAPTIONS.get(label.partition("-")[0], ()):
        if not options.get(name):
            what = "alt text" if name == "fig-alt" else "caption"
            raise BookError(f"{place}: {label} has no {what}; add #| {name}.")


def _check_prose(path: Path, text: str, line: int) -> None:
    """Refuses shortcodes and divs that Quarto would give a meaning."""
    if "{{<" in text:
        raise BookError(f"{path.name}:{line}: shortcodes are not known here.")
    div = DIV.match(text)
    classes = re.findall(r"\.([\w-]+)", div[1] or "") if div else []
    label = re.search(r"#((?:fig|tbl)-[\w-]+)", div[1] or "") if div else None
    if label:
        raise BookError(f"{path.name}:{line}: a block can't be {label[1]}; label its content.")
    for name in classes + ([div[2]] if div and div[2] else []):
        if not DIV_CLASSES.fullmatch(name):
            raise BookError(f"{path.name}:{line}: a block of class {name!r} is not known here.")
