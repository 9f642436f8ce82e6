"""The roster: who takes the course."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from hw1lib.errors import InputError, shown
from hw1lib.files import read_text

COLUMNS = ("id", "name")
MAX_BYTES = 2**23
LONGEST_NAME = 200
SEPARATORS = ",;\t"  # what spreadsheets write, by the country
# What every system takes as the name of a folder; Windows keeps some names to itself.
IDENTIFIER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|key|keys\.(csv|pdf)", re.IGNORECASE)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may take for the start of one


@dataclass(frozen=True)
class Student:
    """A row of the roster: an id that is a file name, and a name that is any text of one line."""

    id: str
    name: str


def read_roster(path: Path) -> list[Student]:
    """The students of a CSV file with the columns `id` and `name`; others are ignored.

    Raises:
        InputError: names the row and the cure.
    """
    lines = io.StringIO(read_text(path, MAX_BYTES, "a roster"), newline="")
    separators = [letter for letter in lines.readline() if letter in SEPARATORS]
    lines.seek(0)
    try:
        table = csv.DictReader(lines, delimiter=separators[0] if separators else ",", strict=True)
        missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
        if missing:
            raise InputError(
                f"{shown(path)} has no column {missing[0]}; its first row must name the columns "
                "id and name."
            )
        rows = [(f"{shown(path)}, line {table.line_num}", row) for row in table]
    except csv.Error as error:
        raise InputError(f"{shown(path)} is not CSV ({error}); save it as CSV.") from error
    students = [_student(place, row) for place, row in rows]
    if not students:
        raise InputError(f"{shown(path)} has no students; add a row for each.")
    _check_distinct(path, students)
    return students


def as_cell(text: str) -> str:
    """A text for a CSV file which no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _student(place: str, row: dict[str, str | None]) -> Student:
    identifier, name = ((row[column] or "").strip() for column in COLUMNS)
    if not IDENTIFIER.fullmatch(identifier) or RESERVED.fullmatch(identifier):
        raise InputError(
            f"{place}: the id {shown(identifier)!r:.60} can't name a folder; use 1 to 64 letters "
            "from A to Z, digits, dots, hyphens and underscores."
        )
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise InputError(
            f"{place}: the name of {identifier} must be 1 to {LONGEST_NAME} characters on one line."
        )
    return Student(identifier, name)


def _check_distinct(path: Path, students: list[Student]) -> None:
    """Ids that differ in capitals only would share a folder on some systems."""
    seen: dict[str, str] = {}
    for student in students:
        other = seen.get(student.id.casefold())
        if other is not None:
            same = "twice" if other == student.id else f"and {other}, which differ in capitals only"
            raise InputError(f"{shown(path)} has the id {student.id} {same}; make ids distinct.")
        seen[student.id.casefold()] = student.id
