"""Tables as spreadsheets and learning platforms write and read them: CSV of some kind."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hw1lib.errors import InputError, shown

MAX_BYTES = 2**23
SEPARATORS = ",;\t"  # what spreadsheets write, by the country
ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What a spreadsheet may take for the start of a formula: at the start of a cell, and where another
# country's spreadsheet would see one. Numbers are none.
FORMULA = re.compile(r"(^|[;,\t\r\n|])(\s*)(?=[=+\-@＝＋－＠\t\r])(?!\s*-\d+(\.\d+)?(\s|$))")


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        line: where it ends in the file.
        cells: its texts, without blanks around them.
    """

    line: int
    cells: tuple[str, ...]


def read_table(path: Path) -> list[Row]:
    """The rows of a CSV file that are not empty, the first one with the names of the columns.

    Commas, semicolons or tabs separate cells, in UTF-8 or UTF-16, with or without a line `sep=;`.

    Raises:
        InputError: it can't be read, or isn't such a table.
    """
    text = _text(path)
    separator = next((letter for letter in text.split("\n", 1)[0] if letter in SEPARATORS), ",")
    if match := re.match(r'"?sep=(.)"?\r?\n', text):
        separator, text = match[1], text[match.end() :]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        table = [Row(rows.line_num, tuple(map(plain, row))) for row in rows]
    except csv.Error as error:
        raise InputError(f"{shown(path)} is not CSV ({error}); save it as CSV.") from error
    return [row for row in table if any(row.cells)]


def plain(text: str) -> str:
    """A text with simple blanks, and without those around it."""
    return re.sub(r"[^\S\n\r\t]", " ", text).strip(" \ufeff\u200e\u200f")


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise InputError(f"{shown(path)} can't be read as a file; name a CSV file.")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{shown(path)} can't be read ({error.strerror}).") from error
    if len(content) > MAX_BYTES:
        raise InputError(f"{shown(path)} is too large for a roster; check that it is one.")
    encoding = next((name for mark, name in ENCODINGS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{shown(path)} is not UTF-8 or UTF-16 text; save it as CSV UTF-8."
        ) from error


def as_csv(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV that Excel reads as UTF-8, and in which nothing is a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_harmless, row) for row in rows)
    return "\ufeff" + text.getvalue()


def _harmless(cell: object) -> object:
    return FORMULA.sub(r"\1\2'", cell) if isinstance(cell, str) else cell
