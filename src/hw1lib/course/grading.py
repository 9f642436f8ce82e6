"""The answers of a whole course, and a table of grades."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from os.path import realpath  # which minds no loop of links
from pathlib import Path

import numpy as np
from tqdm import tqdm

from hw1lib.backprop.formulas import Array
from hw1lib.backprop.judging import Tolerance
from hw1lib.backprop.network import MAX_BYTES, MAX_NUMBER, Network, parse_network
from hw1lib.course.answerfile import ASKED, read_answers
from hw1lib.course.answers import Verdict, parse_answers
from hw1lib.course.marking import Finding, mark_answers
from hw1lib.course.mixups import compared_numbers, owners
from hw1lib.course.roster import Roster, Student, read_roster
from hw1lib.course.submissions import find_submissions
from hw1lib.course.tables import as_csv
from hw1lib.course.workers import workers
from hw1lib.errors import InputError, shown
from hw1lib.files import read_text, read_toml, write_text

NAMED = 5  # files or students that a message names


@dataclass(frozen=True)
class Graded:
    """What is known of a student's answers.

    Attributes:
        student: whose they are.
        path: their file; None if there is none, or several.
        findings: on each answer; empty if the file can't be marked.
        problem: why it can't be, or what is odd about it.
        numbers: which tell whose answers they are, as `compared_numbers` gives them.
    """

    student: Student
    path: Path | None
    findings: list[Finding]
    problem: str
    numbers: Array = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Course:
    """A course that is graded.

    Attributes:
        roster: the students.
        graded: what is known of each.
        points: of each answer.
        strange: files that fit nobody.
    """

    roster: Roster
    graded: list[Graded]
    points: Mapping[str, float]
    strange: list[Path]

    @property
    def out_of(self) -> float:
        """The sum of all points."""
        return sum(self.points.values())

    def total(self, graded: Graded) -> float | None:
        """A student's points; None if there is nothing to mark."""
        if not graded.findings:
            return None
        return round(sum(self.points[f.name] * f.credit for f in graded.findings), 2)

    def report(self) -> str:
        """What staff should look at: files that fit nobody, students without one, problems."""
        missing = [g.student.id for g in self.graded if not g.findings and not g.problem]
        odd = [g.student.id for g in self.graded if g.problem]
        lines = [
            ("without a file", missing),
            ("with a problem, which their row tells", odd),
        ]
        sentences = [
            f"{_count(ids, 'student')} {what}: {_some(ids)}." for what, ids in lines if ids
        ]
        if self.strange:
            names = [shown(f"{path.parent.name}/{path.name}") for path in self.strange]
            verb = "fits" if len(names) == 1 else "fit"
            sentences.append(f"{_count(names, 'file')} {verb} nobody: {_some(names)}.")
        return "\n".join(sentences)


def grade(
    roster: Path,
    keys: Path,
    answers: Path,
    points_file: Path | None = None,
    tolerance: Tolerance | None = None,
) -> Course:
    """Marks the answers of all students.

    A file of a student that can't be read stops nothing: its row says why.

    Args:
        roster: the students.
        keys: folder of ID.json, as `hw1 sheets` writes it.
        answers: folder with a file for each student, as `find_submissions` knows them.
        points_file: has the points of each answer; 1 for each if None.
        tolerance: how precise numbers must be.

    Raises:
        InputError: the roster, a key, a folder or the points can't be used.
    """
    register, points = read_roster(roster), read_points(points_file)
    students = register.students
    networks = _networks(keys, students)
    submissions = find_submissions(answers, students.values())
    with workers(len(students)) as run:
        files = (submissions.files.get(identifier, []) for identifier in students)
        marked = run(partial(_mark, tolerance), students.values(), networks, files)
        graded = list(tqdm(marked, "Marking", len(students), disable=None))
    graded = _with_owners(graded, networks)
    return Course(register, graded, points, submissions.strange)


def write_grades(course: Course, path: Path, protected: Sequence[Path] = ()) -> None:
    """Writes a row for each student: points, their sum, what went wrong.

    Raises:
        InputError: the file is one of those that are read, or can't be written.
    """
    without_own_files(path, course, protected)
    write_text(path, as_csv(grades_table(course)))


def grades_table(course: Course) -> list[tuple[object, ...]]:
    """The rows of the table of grades."""
    addresses = [c for c in course.roster.columns if c.casefold() == "email address"]
    head = ("id", "name", *addresses, *ASKED, "total", "out of", "diagnosis", "problem")
    rows: list[tuple[object, ...]] = [head]
    for graded in course.graded:
        total, credits = course.total(graded), {f.name: f.credit for f in graded.findings}
        cells = [_mark_text(credits.get(n), course.points[n]) for n in ASKED]
        mails = [graded.student.cells[course.roster.columns.index(c)] for c in addresses]
        sum_ = "" if total is None else f"{total:g}"
        diagnosis = _diagnosis(graded.findings)
        student = graded.student
        out_of = f"{course.out_of:g}"
        rows.append(
            (student.id, student.name, *mails, *cells, sum_, out_of, diagnosis, graded.problem)
        )
    return rows


def canvas_table(course: Course, assignment: str) -> list[tuple[object, ...]]:
    """A table that Canvas's gradebook imports: its own first columns, and the assignment's.

    The importer asks for Student, ID and Section, and knows the row of Points Possible
    (https://github.com/instructure/canvas-lms/blob/master/lib/gradebook_importer.rb).
    """
    columns = course.roster.columns
    kept = columns.index("Section") + 1 if "Section" in columns else 2
    possible = ["    Points Possible", *[""] * (kept - 1), f"{course.out_of:g}"]
    rows: list[tuple[object, ...]] = [(*columns[:kept], assignment), tuple(possible)]
    for graded in course.graded:
        total = course.total(graded)
        rows.append((*graded.student.cells[:kept], "" if total is None else f"{total:g}"))
    return rows


def read_points(path: Path | None) -> dict[str, float]:
    """The points of each answer, 1 for those that the file leaves out.

    Raises:
        InputError: a field is not an answer, or not a number of at least 0.
    """
    points = dict.fromkeys(ASKED, 1.0)
    for name, value in (read_toml(path, MAX_BYTES, "a points file") if path else {}).items():
        if name not in ASKED:
            raise InputError(
                f"{path}: unknown field {shown(name)!r:.40}; the fields are {', '.join(ASKED)}."
            )
        try:
            points[name] = float(str(value))
        except ValueError:
            points[name] = -1
        if not 0 <= points[name] <= MAX_NUMBER:
            raise InputError(f"{path}: {name} must be a number from 0 to {MAX_NUMBER:,}.")
    return points


def read_key(path: Path) -> Network:
    """The network of a student's key.

    Raises:
        InputError: the file can't be read, or isn't a key.
    """
    try:
        fields = json.loads(read_text(path, MAX_BYTES, "a key"), parse_float=str)["network"]
        return parse_network(fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{shown(path)} is not a key; run `hw1 sheets` again.") from error


def _networks(keys: Path, students: Mapping[str, Student]) -> list[Network]:
    """The network of each student."""
    if not keys.is_dir():
        raise InputError(f"{shown(keys)} is not a folder; name the one that has the keys.")
    missing = [name for name in students if not (keys / f"{name}.json").exists()]
    if missing:
        raise InputError(
            f"{shown(keys)} has no keys of {len(missing)} of {len(students)} students "
            f"({_some(missing)}); name the folder key that `hw1 sheets` wrote, or run it again."
        )
    return [read_key(keys / f"{name}.json") for name in students]


def _mark(
    tolerance: Tolerance | None, student: Student, network: Network, files: Sequence[Path]
) -> Graded:
    if len(files) != 1:
        names = _some([shown(f"{path.parent.name}/{path.name}") for path in files])
        return Graded(student, None, [], f"Keep one of these files: {names}." if files else "")
    try:
        answers = parse_answers(read_answers(files[0]), network)
        findings = mark_answers(network, answers, tolerance)
        return Graded(student, files[0], findings, "", compared_numbers(answers, network))
    except InputError as error:
        return Graded(student, files[0], [], str(error))


def _with_owners(graded: Sequence[Graded], networks: Sequence[Network]) -> list[Graded]:
    """Tells of answers that fit another student's sheet."""
    sheet_owners = owners([one.numbers for one in graded], networks)
    return [
        one
        if owner is None or graded[owner] is one
        else replace(one, problem=f"These are the answers to {graded[owner].student.id}'s sheet.")
        for one, owner in zip(graded, sheet_owners, strict=True)
    ]


def without_own_files(path: Path, course: Course, protected: Sequence[Path] = ()) -> None:
    """Refuses a file that would stand where answers are read.

    Raises:
        InputError: it is one of those that were read, or in a folder of one.
    """
    read = {realpath(p) for p in (*protected, *course.strange) if p}
    read |= {realpath(g.path) for g in course.graded if g.path}
    folders = {realpath(g.path.parent) for g in course.graded if g.path}
    if realpath(path) in read or realpath(path.parent) in folders:
        raise InputError(f"{shown(path)} would stand where files are read; name another place.")


def _count(names: Sequence[str], what: str) -> str:
    return f"{len(names):,} {what}{'' if len(names) == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    """The first few names."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _mark_text(credit: float | None, points: float) -> str:
    return "" if credit is None else f"{round(credit * points, 2):g}"


def _diagnosis(findings: Sequence[Finding]) -> str:
    """The messages on all answers that are not right."""
    return " ".join(
        f"{finding.name}: {finding.diagnosis or f'{finding.verdict}.'}"
        for finding in findings
        if finding.verdict != Verdict.RIGHT
    )
