"""Which file of a folder is whose, by the names that students, Canvas and Moodle give them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hw1lib.course.roster import Student
from hw1lib.errors import InputError, shown

ENDING = re.compile(r"(\.toml|\.txt)+$", re.IGNORECASE)
COPY = re.compile(r"( \(\d+\)|-\d+| - copy)+$", re.IGNORECASE)  # of a browser's second download
# Canvas: the name of letters only, then whether late, the student's and the file's number.
CANVAS = re.compile(r"(?P<name>[^_]+)_(LATE_)?(?P<id>\d+)_\d+_.+", re.IGNORECASE)
# Moodle: the full name and participant's number.
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_file_?(?P<rest>.*)")


@dataclass(frozen=True)
class Submissions:
    """The files of a folder.

    Attributes:
        files: those of each student by id.
        strange: texts that fit nobody, and folders that can't be read.
    """

    files: dict[str, list[Path]]
    strange: list[Path]


def find_submissions(folder: Path, students: Iterable[Student]) -> Submissions:
    """The answers in a folder and in its folders.

    Raises:
        InputError: the folder can't be read.
    """
    owners = _Owners(students)
    files: dict[str, list[Path]] = defaultdict(list)
    strange: list[Path] = []
    for path, names in _texts(folder, strange):
        student = next((owner for name in names if (owner := owners.of(name))), None)
        if student:
            files[student].append(path)
        else:
            strange.append(path)
    return Submissions(dict(files), sorted(strange))


def _texts(folder: Path, strange: list[Path]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Each text with the names that may tell its owner: its folder's, and its own."""
    for entry in _scan(folder):
        if not entry.is_dir(follow_symlinks=False):
            if ENDING.search(entry.name):
                yield Path(entry), (entry.name,)
            continue
        try:
            inner = _scan(Path(entry))
        except InputError:
            strange.append(Path(entry))
            continue
        for file in inner:
            if ENDING.search(file.name):
                yield Path(file), (entry.name, file.name)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((e for e in entries if e.name[0] != "."), key=lambda e: e.name)
    except OSError as error:
        raise InputError(
            f"{shown(folder)} can't be read ({error.strerror}); name the folder with the files."
        ) from error


class _Owners:
    """Students by what may stand for them, where it stands for one of them alone."""

    def __init__(self, students: Iterable[Student]) -> None:
        self.ids, self.numbers = {}, {}
        names: dict[str, set[str]] = defaultdict(set)
        for student in students:
            self.ids[student.id.casefold()] = student.id
            self.numbers[student.number] = student.id
            words = re.split(r"[,\s]+", student.name)
            for first in range(len(words)):  # Ada Lovelace, or Lovelace Ada
                names[_letters("".join(words[first:] + words[:first]))].add(student.id)
        self.names = {name: next(iter(ids)) for name, ids in names.items() if len(ids) == 1}

    def of(self, name: str) -> str | None:
        """The id of who a file or folder of this name belongs to; None if that is unclear."""
        stem = ENDING.sub("", name)
        for text in (stem, COPY.sub("", stem)):
            if owner := self.ids.get(text.casefold()):
                return owner
        if match := MOODLE.match(name):
            return self.numbers.get(match["number"]) or self.names.get(_letters(match["name"]))
        if match := CANVAS.match(name):
            return self.ids.get(match["id"]) or self.names.get(_letters(match["name"]))
        return None


def _letters(name: str) -> str:
    """A name as its letters and digits alone, in lower case."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(filter(str.isalnum, plain))
