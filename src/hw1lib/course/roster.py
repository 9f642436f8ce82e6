"""The roster: who takes the course; and CSV files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from hw1lib.errors import InputError, shown
from hw1lib.files import read_text

MAX_BYTES = 2**23
LONGEST_NAME = 200
SEPARATORS = ",;\t"  # what spreadsheets write, by the country
# What every system takes as the name of a folder; Windows keeps some names to itself.
IDENTIFIER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|key|keys[.-].*", re.IGNORECASE)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may take for the start of one


def read_roster(path: Path) -> dict[str, str]:
    """The students' names by id, from the columns `id` and `name` of a CSV file.

    An id is the name of a folder on every system; a name is any text of one line.

    Raises:
        InputError: names the line and the cure.
    """
    lines = io.StringIO(read_text(path, MAX_BYTES, "a roster"), newline="")
    separator = next((letter for letter in lines.readline() if letter in SEPARATORS), ",")
    lines.seek(0)
    table = csv.DictReader(lines, delimiter=separator, strict=True)
    students: dict[str, str] = {}
    folders = set()  # ids that differ in capitals only would share one on some systems
    try:
        for column in ("id", "name"):
            if column not in (table.fieldnames or ()):
                raise InputError(
                    f"{shown(path)} has no column {column}; its first row must name the columns "
                    "id and name."
                )
        for row in table:
            identifier, name = ((row[column] or "").strip() for column in ("id", "name"))
            place = f"{shown(path)}, line {table.line_num}"
            if identifier.casefold() in folders:
                raise InputError(
                    f"{place}: the id {identifier} is there twice, capitals aside; make ids differ."
                )
            _check(place, identifier, name)
            students[identifier] = name
            folders.add(identifier.casefold())
    except csv.Error as error:
        raise InputError(f"{shown(path)} is not CSV ({error}); save it as CSV.") from error
    if not students:
        raise InputError(f"{shown(path)} has no students; add a row for each.")
    return students


def _check(place: str, identifier: str, name: str) -> None:
    if not IDENTIFIER.fullmatch(identifier) or RESERVED.fullmatch(identifier):
        raise InputError(
            f"{place}: the id {shown(identifier)[:60]!r} can't name a folder; use 1 to 64 letters "
            "from A to Z, digits, dots, hyphens and underscores."
        )
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise InputError(
            f"{place}: the name of {identifier} must be 1 to {LONGEST_NAME} characters on one line."
        )


def as_csv(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, with an apostrophe before a text that a spreadsheet may take for a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_harmless, row) for row in rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
