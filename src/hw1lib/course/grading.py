"""The answers of a whole course, and a table of grades."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from hw1lib.backprop.network import MAX_BYTES, MAX_NUMBER, Network, parse_network
from hw1lib.course.checking import ASKED, Finding, Verdict, check_answers, read_answers, read_fields
from hw1lib.course.roster import Student, as_cell, read_roster
from hw1lib.errors import InputError, shown
from hw1lib.files import read_text, write_text

FULL = (Verdict.RIGHT, Verdict.CARRIED)


@dataclass(frozen=True)
class Course:
    """Where a course's files are.

    Attributes:
        roster: the students.
        keys: folder of ID.json, as `hw1 sheets` writes it.
        answers: folder of ID.toml or ID/answers.toml.
        points: file with the points of each answer; 1 for each if None.
    """

    roster: Path
    keys: Path
    answers: Path
    points: Path | None = None


def grade(course: Course, output: Path) -> int:
    """Writes a row of points and diagnoses for each student; gives the number of students.

    A file of a student that can't be read stops nothing: its row says why.

    Raises:
        InputError: the roster, the points or the output can't be used.
    """
    students, points = read_roster(course.roster), read_points(course.points)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "name", *ASKED, "total", "diagnosis", "problem"])
    for folder in (course.keys, course.answers):
        if not folder.is_dir():
            raise InputError(f"{shown(folder)} is no folder; name the one that has the files.")
    for student in tqdm(students, "Checking", disable=None):
        cells = [as_cell(student.id), as_cell(student.name)]
        try:
            findings = _find(course, student)
            writer.writerow([*cells, *_marks(findings, points), _diagnosis(findings), ""])
        except InputError as error:
            writer.writerow([*cells, *[0] * len(ASKED), 0, "", as_cell(str(error))])
    write_text(output, text.getvalue())
    return len(students)


def read_points(path: Path | None) -> dict[str, float]:
    """The points of each answer, 1 for those that the file leaves out.

    Raises:
        InputError: a field is no answer, or no number that is 0 or more.
    """
    points = dict.fromkeys(ASKED, 1.0)
    for name, value in (read_fields(path, "a points file") if path else {}).items():
        try:
            points[name] = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            points[name] = math.nan
        if not 0 <= points[name] <= MAX_NUMBER:
            raise InputError(f"{path}: {name} must be a number from 0 to {MAX_NUMBER:,}.")
    return points


def read_key(path: Path) -> Network:
    """The network of a student's key.

    Raises:
        InputError: the file can't be read, or is no key.
    """
    try:
        fields = json.loads(read_text(path, MAX_BYTES, "a key"), parse_float=str)["network"]
        return parse_network(fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{shown(path)} is no key; run `hw1 sheets` again.") from error


def _find(course: Course, student: Student) -> list[Finding]:
    """The findings on a student's file."""
    places = (course.answers / f"{student.id}.toml", course.answers / student.id / "answers.toml")
    path = next((place for place in places if place.exists()), None)
    if path is None:
        raise InputError(f"There is no {student.id}.toml or {student.id}/answers.toml.")
    network = read_key(course.keys / f"{student.id}.json")
    return check_answers(network, read_answers(path, network))


def _marks(findings: list[Finding], points: Mapping[str, float]) -> list[str]:
    """The points of each answer, and their sum."""
    marks = [points[f.name] if f.verdict in FULL else 0 for f in findings]
    return [f"{mark:g}" for mark in (*marks, sum(marks))]


def _diagnosis(findings: list[Finding]) -> str:
    """What is said of all answers that are not right."""
    return " ".join(
        f"{f.name}: {f.diagnosis or f'{f.verdict}.'}"
        for f in findings
        if f.verdict != Verdict.RIGHT
    )
