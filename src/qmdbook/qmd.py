"""Parses a .qmd chapter into its code and the Markdown around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import yaml

from qmdbook.errors import BookError
from qmdbook.known import CAPTIONS, CELL_OPTIONS, FRONT_MATTER, QUARTO, TEXT

INLINE = re.compile(r"(?<!`)`\{python\}[ \t]+([^`\n]+)`")
FENCE = re.compile(r"^\s*(`{3,}|~{3,})\s*(.*?)\s*$")
OPTION = re.compile(r"^#\|\s?(.*)$")
ANNOTATION = re.compile(r"#\s*<\d+>\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Inline:
    """An inline expression; `line` is where it stands, counted from 1."""

    source: str
    line: int


@dataclass(frozen=True)
class Cell:
    """A code cell without its options; `line` is that of its fence."""

    source: str
    line: int
    options: dict[str, object] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The label, or an empty string."""
        return str(self.options.get("label", ""))


@dataclass(frozen=True)
class Chapter:
    """A parsed .qmd file.

    Attributes:
        path: of the file.
        front_matter: its values.
        parts: cells and inline expressions in order.
        text: the file's lines as Markdown, with the number of the part in place of each part.
        ends: lines after which no paragraph, block of code or formula is open.
    """

    path: Path
    front_matter: dict[str, object]
    parts: tuple[Inline | Cell, ...]
    text: str
    ends: tuple[int, ...]

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    def where(self, line: int) -> str:
        """How messages name a place: file:line."""
        return f"{self.path.name}:{line}"

    def place_of(self, pattern: str) -> str:
        """The place where `pattern`, a regular expression, last stands in the file."""
        text = self.path.read_text(encoding="utf-8-sig")
        starts = [match.start() for match in re.finditer(pattern, text)]
        return self.where(text.count("\n", 0, starts[-1]) + 1) if starts else self.path.name


def parse_chapter(path: Path, defaults: dict[str, object] | None = None) -> Chapter:
    """Reads a chapter, whose cells have the options `defaults` where they set no others.

    Raises:
        BookError: it can't be read, or its code, options or front matter are not known here;
            names file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BookError(f"{path.name} can't be read as UTF-8 text ({error}).") from error
    front_matter, i = _front_matter(path, lines)
    text = [""] * i
    if "title" in front_matter:
        text[0] = f"# {front_matter['title']}"
    parts: list[Inline | Cell] = []
    ends = [i]

    def note(match: re.Match[str]) -> str:
        parts.append(Inline(match[1].strip(), i + 1))
        return f"`{{value}} {len(parts) - 1}`"

    while i < len(lines):
        if fence := FENCE.match(lines[i]):
            end = _closing(path, lines, i, fence[1])
            block = lines[i : end + 1]
            if _is_cell(f"{path.name}:{i + 1}", lines[i], fence[2]):
                block[0] = f'{fence[1]} {{.cell part="{len(parts)}"}}'
                parts.append(_cell(path, block[1:-1], i + 1, defaults or {}))
            text += block
            i = end + 1
            continue
        text.append(INLINE.sub(note, lines[i]))
        if "`{python}" in text[-1]:
            raise BookError(f"{path.name}:{i + 1}: an inline expression must fit on one line.")
        i += 1
        if not text[-1].strip():
            ends.append(i)
    return Chapter(path, front_matter, tuple(parts), "\n".join(text) + "\n", (*ends, len(text)))


def _front_matter(path: Path, lines: list[str]) -> tuple[dict[str, object], int]:
    """Its values, and the number of lines that it takes."""
    if not lines or lines[0].strip() != "---":
        return {}, 0
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        raise BookError(f"{path.name}:1: the front matter never ends; close it with `---`.")
    return _values(path, 1, "front matter", lines[1:end], FRONT_MATTER), end + 1


def _values(
    path: Path, before: int, what: str, lines: list[str], known: Mapping[str, tuple[object, ...]]
) -> dict[str, object]:
    """The values of lines `name: value`, which stand after the line `before`."""
    try:
        values = yaml.safe_load("\n".join(lines)) or {}
    except (yaml.YAMLError, ValueError):
        values = None
    if not isinstance(values, dict):
        raise BookError(f"{path.name}:{before}: {what} must be YAML, in lines `name: value`.")
    for name, value in values.items():
        line = next((i for i, line in enumerate(lines, 1) if line.startswith(f"{name}:")), 0)
        place = f"{path.name}:{before + line}: {what}"
        allowed = known.get(name)
        if allowed is None:
            raise BookError(f"{place} {str(name)!r} is not known here; {QUARTO}.")
        if value not in allowed and not (allowed is TEXT and isinstance(value, str)):
            wanted = "text" if allowed is TEXT else " or ".join(str(v).lower() for v in allowed)
            raise BookError(f"{place} {name} must be {wanted}.")
    return values


def _closing(path: Path, lines: list[str], start: int, marker: str) -> int:
    """The line of the fence that closes the one at `start`."""
    for i in range(start + 1, len(lines)):
        fence = FENCE.match(lines[i])
        if fence and fence[1].startswith(marker) and not fence[2]:
            return i
    raise BookError(
        f"{path.name}:{start + 1}: this fence is never closed; close it with the same signs."
    )


def _is_cell(place: str, line: str, header: str) -> bool:
    """Whether a fence starts a cell; refuses one that only Quarto or knitr could run."""
    match = re.match(r"\{\s*([^=.#\s},]+)\s*(.*)", header)
    if not match:
        return False
    if match[1] != "python":
        raise BookError(f"{place}: cells in {match[1]} are not known here; {QUARTO}.")
    if match[2] != "}":
        raise BookError(f"{place}: options of a cell go into lines `#| name: value`.")
    if line[0].isspace():
        raise BookError(f"{place}: a cell must start at the line's beginning.")
    return True


def _cell(path: Path, lines: list[str], line: int, defaults: dict[str, object]) -> Cell:
    """A cell from its lines without the fences."""
    place = f"{path.name}:{line}"
    written = [match[1] for match in takewhile(bool, map(OPTION.match, lines)) if match]
    options = _values(path, line, "cell option", written, CELL_OPTIONS)
    label = str(options.get("label", ""))
    if options.get("tbl-cap") and not label.startswith("tbl-"):
        raise BookError(f"{place}: a tbl-cap needs a label that starts with tbl-.")
    for name in CAPTIONS.get(label.partition("-")[0], ()):
        if not options.get(name):
            what = "alt text" if name == "fig-alt" else "caption"
            raise BookError(f"{place}: {label} has no {what}; add #| {name}.")
    source = "\n".join(lines[len(written) :]).strip("\n")
    if ANNOTATION.search(source):
        raise BookError(f"{place}: annotations of code, `# <1>`, are not known here; {QUARTO}.")
    return Cell(source, line, {**defaults, **options})
