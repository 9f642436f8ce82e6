"""The answers of a whole course, and a table of grades."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from hw1lib.backprop.network import MAX_BYTES, MAX_NUMBER, Network, parse_network
from hw1lib.course.answers import ASKED, Verdict, parse_answers, read_fields
from hw1lib.course.checking import Finding, check_answers
from hw1lib.course.roster import as_csv, read_roster
from hw1lib.course.workers import workers
from hw1lib.errors import InputError, shown
from hw1lib.files import read_text, write_text

FULL = (Verdict.RIGHT, Verdict.CARRIED)


def grade(
    roster: Path, keys: Path, answers: Path, output: Path, points_file: Path | None = None
) -> int:
    """Writes a row of points and diagnoses for each student; gives the number of students.

    A file of a student that can't be read stops nothing: its row says why.

    Args:
        roster: the students.
        keys: folder of ID.json, as `hw1 sheets` writes it.
        answers: folder of ID.toml or ID/answers.toml.
        output: the CSV file to write.
        points_file: has the points of each answer; 1 for each if None.

    Raises:
        InputError: the roster, a folder, the points or the output can't be used.
    """
    students, points = read_roster(roster), read_points(points_file)
    for folder in (keys, answers):
        if not folder.is_dir():
            raise InputError(f"{shown(folder)} is no folder; name the one that has the files.")
    rows: list[tuple[str, ...]] = [("id", "name", *ASKED, "total", "diagnosis", "problem")]
    with workers(len(students)) as run:
        found = run(partial(_find, keys, answers), students)
        bar = tqdm(found, "Checking", len(students), disable=None)
        for student, (findings, problem) in zip(students.items(), bar, strict=True):
            full = {finding.name for finding in findings if finding.verdict in FULL}
            marks = [points[part] if part in full else 0 for part in ASKED]
            cells = [f"{mark:g}" for mark in (*marks, sum(marks))]
            rows.append((*student, *cells, _diagnosis(findings), problem))
    write_text(output, as_csv(rows))
    return len(students)


def read_points(path: Path | None) -> dict[str, float]:
    """The points of each answer, 1 for those that the file leaves out.

    Raises:
        InputError: a field is no answer, or no number that is 0 or more.
    """
    points = dict.fromkeys(ASKED, 1.0)
    for name, value in (read_fields(path, "a points file") if path else {}).items():
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
        InputError: the file can't be read, or is no key.
    """
    try:
        fields = json.loads(read_text(path, MAX_BYTES, "a key"), parse_float=str)["network"]
        return parse_network(fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{shown(path)} is no key; run `hw1 sheets` again.") from error


def _find(keys: Path, answers: Path, identifier: str) -> tuple[list[Finding], str]:
    """The findings on a student's file, and why there are none."""
    places = (answers / f"{identifier}.toml", answers / identifier / "answers.toml")
    path = next((place for place in places if place.exists()), None)
    if path is None:
        return [], f"There is no {identifier}.toml or {identifier}/answers.toml."
    try:
        network = read_key(keys / f"{identifier}.json")
        fields = read_fields(path, "an answers file")
        return check_answers(network, parse_answers(fields, network)), ""
    except InputError as error:
        return [], str(error)


def _diagnosis(findings: Sequence[Finding]) -> str:
    """What is said of all answers that are not right."""
    return " ".join(
        f"{finding.name}: {finding.diagnosis or f'{finding.verdict}.'}"
        for finding in findings
        if finding.verdict != Verdict.RIGHT
    )
