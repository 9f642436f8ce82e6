"""The roster: who takes the course, as Canvas, Moodle or a spreadsheet has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hw1lib.course.tables import Row, plain, read_table
from hw1lib.errors import InputError, shown

LONGEST_NAME = 200
# What every system takes as the name of a folder; Windows keeps some names to itself.
IDENTIFIER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|key|keys[.-].*", re.IGNORECASE)
# Columns by their names in lower case, the best first, as Canvas and Moodle have them.
IDS = ("id", "id number", "student id", "username", "email address")
NAMES = ("name", "student", "full name", "student name")
PARTS = (("first name", "last name"), ("first name", "surname"), ("firstname", "lastname"))
NUMBERED = "identifier"  # in Moodle's grading worksheet, such as Participant 900
NOBODY = re.compile(r"points possible|student, test|manual posting.*|muted", re.IGNORECASE)
JOINERS = "\u200c\u200d"  # between letters, as Persian and Indic names and some emoji have them


@dataclass(frozen=True)
class Student:
    """Who takes the course.

    Attributes:
        id: names the folder.
        name: any text of one line.
        number: Moodle's number of the participant, if the roster has it.
        cells: the row of the roster.
    """

    id: str
    name: str
    number: str = ""
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roster:
    """All students by id, and the names of the roster's columns."""

    students: dict[str, Student]
    columns: tuple[str, ...]

    @property
    def is_canvas(self) -> bool:
        """Whether it is an export of Canvas's gradebook."""
        return self.columns[:2] == ("Student", "ID")


def read_roster(path: Path) -> Roster:
    """The students of a CSV file with the columns id and name, or as Canvas and Moodle name them.

    Empty rows, and Canvas's rows that are not students, are left out.

    Raises:
        InputError: names the line and the cure.
    """
    rows = read_table(path)
    columns = rows[0].cells if rows else ()
    places = _Places(path, columns)
    students: dict[str, Student] = {}
    is_canvas = Roster({}, columns).is_canvas
    folders = set()  # ids that differ in capitals only would share one on some systems
    for row in rows[1:]:
        where = f"{shown(path)}, line {row.line}"
        if any(row.cells[len(columns) :]):
            raise InputError(
                f"{where}: there are more cells than columns; put a name with a comma in quotes."
            )
        student = places.student(row)
        is_nobody = is_canvas and not student.id and not student.name  # has Manual Posting alone
        if is_nobody or NOBODY.fullmatch(student.name):
            continue
        if student.id.casefold() in folders:
            raise InputError(
                f"{where}: the id {student.id} is there twice, capitals aside; make ids differ."
            )
        _check(where, student)
        students[student.id] = student
        folders.add(student.id.casefold())
    if not students:
        raise InputError(f"{shown(path)} has no students; add a row for each.")
    return Roster(students, columns)


class _Places:
    """In which columns ids and names stand."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path, self.names = path, [column.casefold() for column in columns]
        self.id = [next(self._named(IDS), None)]
        self.name = [next(self._named(NAMES), None)]
        if self.name == [None]:
            self.name = next(
                ([self._at(p) for p in pair] for pair in PARTS if set(pair) <= {*self.names}), []
            )
        self.number = next(self._named((NUMBERED,)), None)
        for what, places in (("id", self.id), ("name", self.name)):
            if not places or None in places:
                raise InputError(
                    f"{shown(path)} has no column {what}; its first row must name the columns id "
                    "and name, or be that of Canvas or Moodle."
                )

    def _named(self, names: tuple[str, ...]) -> Iterator[int]:
        return (self._at(name) for name in names if name in self.names)

    def _at(self, name: str) -> int:
        if self.names.count(name) > 1:
            raise InputError(
                f"{shown(self.path)}, line 1: the column {name} is there twice; keep one of them."
            )
        return self.names.index(name)

    def student(self, row: Row) -> Student:
        def cell(place: int | None) -> str:
            return row.cells[place] if place is not None and place < len(row.cells) else ""

        name = plain(" ".join(map(cell, self.name)))
        identifier = cell(self.id[0]).partition("@")[0]  # of an address, what names the person
        number = re.sub(r"\D", "", cell(self.number))
        return Student(identifier, name, number, row.cells)


def _check(where: str, student: Student) -> None:
    if not student.id:
        raise InputError(
            f"{where}: {shown(student.name) or 'somebody'} has no id; write one, or take out the "
            "column of ids if another one, such as the e-mail address, names everybody."
        )
    if not IDENTIFIER.fullmatch(student.id) or RESERVED.fullmatch(student.id):
        raise InputError(
            f"{where}: the id {shown(student.id)[:60]!r} can't name a folder; use 1 to 64 letters "
            "from A to Z, digits, dots, hyphens and underscores."
        )
    letters = re.sub(f"[{JOINERS}]", "", student.name)
    if not letters or not letters.isprintable() or len(student.name) > LONGEST_NAME:
        raise InputError(
            f"{where}: the name of {student.id} must be 1 to {LONGEST_NAME} characters on one line."
        )
