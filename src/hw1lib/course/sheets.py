"""A sheet for every student, and the keys for staff."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from tqdm import tqdm

from hw1lib.backprop.manual import backward, forward
from hw1lib.backprop.network import CHOICES, PARAMETERS, REQUIRED, Network
from hw1lib.backprop.zeros import Zero, find_zeros
from hw1lib.course.checking import rounded
from hw1lib.course.networks import Design, student_network
from hw1lib.course.roster import Student, as_cell, read_roster
from hw1lib.errors import InputError, shown
from hw1lib.files import replacing

Nested: TypeAlias = Any  # numbers or texts, alone or in lists and fields

PAGES = 1000  # of a PDF: typst takes 1 GB for these
FORGETS = 11  # texts that typst keeps in mind
TITLE = "Backpropagation by hand"


@dataclass(frozen=True)
class Exercise:
    """A student's network, and all values that belong to it.

    Attributes:
        student: whose it is.
        network: which the sheet shows.
        values: of the forward pass and the derivatives, by name, as numbers in nested lists.
        zeros: the derivatives that are zero.
    """

    student: Student
    network: Network
    values: dict[str, Any]
    zeros: list[Zero]


def solve(student: Student, design: Design) -> Exercise:
    """The student's exercise and its solution.

    Raises:
        InputError: no network of this design makes a good exercise.
    """
    network = student_network(design, student.id)
    values, gradients = forward(network), backward(network)
    found = {name: value.tolist() for name, value in vars(values).items()}
    found |= {f"d{name}": getattr(gradients, name).tolist() for name in PARAMETERS}
    return Exercise(student, network, found, find_zeros(network, values, gradients))


def write_sheets(roster: Path, folder: Path, design: Design) -> int:
    """Writes a folder for each student, and the keys; gives the number of students.

    What is there from a run that was interrupted stays; the rest is added.

    Raises:
        InputError: the roster can't be used, or a file of another run would be overwritten; then
            nothing is written.
    """
    compiler = _Typst()
    students = tqdm(read_roster(roster), "Networks", disable=None)
    exercises = [solve(student, design) for student in students]
    _check_distinct(exercises)
    table = {folder / "keys.csv": keys_table(exercises).encode()}
    for contents in (table, *(_texts(folder, exercise) for exercise in exercises)):
        for path, content in contents.items():
            _is_there(path, content)
    for exercise in tqdm(exercises, "Sheets", disable=None):
        _write_sheet(folder, exercise, compiler)
    _write_keys(folder, exercises, compiler)
    return len(exercises)


def _write_sheet(folder: Path, exercise: Exercise, compiler: _Typst) -> None:
    """A student's folder, and then the key, by which a later run sees that this is done."""
    sheet, (network, key) = (
        folder / exercise.student.id / "sheet.pdf",
        _texts(folder, exercise).items(),
    )
    if not (sheet.exists() and key[0].exists()):
        _keep(*network)
        _keep(sheet, compiler.pdf("sheet", [exercise]))
        _keep(*key)


def _write_keys(folder: Path, exercises: Sequence[Exercise], compiler: _Typst) -> None:
    """keys.pdf, keys-2.pdf and so on for more than `PAGES` students, and then keys.csv."""
    if not (folder / "keys.csv").exists():
        for first in tqdm(range(0, len(exercises), PAGES), "Keys", disable=None):
            part = f"-{first // PAGES + 1}" if first else ""
            pages = exercises[first : first + PAGES]
            _keep(folder / f"keys{part}.pdf", compiler.pdf("key", pages))
            compiler.forget()
        _keep(folder / "keys.csv", keys_table(exercises).encode())


def keys_table(exercises: Sequence[Exercise]) -> str:
    """All values as CSV, a row for each student."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, exercise in enumerate(exercises):
        values = {"loss": exercise.values["loss"]}
        for name in ("y_hat", *(f"d{name}" for name in PARAMETERS)):
            values |= dict(_entries(name, exercise.values[name]))
        zeros = " ".join(map(_place, exercise.zeros))
        if number == 0:
            writer.writerow(["id", "name", *values, "zeros"])
        cells = [as_cell(exercise.student.id), as_cell(exercise.student.name)]
        writer.writerow([*cells, *values.values(), zeros])
    return text.getvalue()


def network_toml(network: Network) -> str:
    """A network of whole numbers as a file."""
    fields = _fields(network)
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())


class _Typst:
    """Sets sheets and keys; the fonts are read once."""

    def __init__(self) -> None:
        try:
            import typst
        except ImportError as error:
            raise InputError(
                "Sheets need the package typst; install it by `pip install 'hw1lib[book]'`."
            ) from error
        template = Path(str(files("hw1lib.course") / "sheet.typ"))
        fonts = Path(str(files("qmdbook") / "fonts"))
        self._compiler: Any = typst.Compiler(str(template), font_paths=[str(fonts)])

    def pdf(self, kind: str, exercises: Iterable[Exercise]) -> bytes:
        """The PDF of `sheet` or `key`, the same bytes whenever it is made."""
        data = json.dumps([_page(exercise) for exercise in exercises], ensure_ascii=False)
        inputs = {"kind": kind, "title": TITLE, "students": data}
        pdf: bytes = self._compiler.compile(
            format="pdf", sys_inputs=inputs, pdf_tags=kind == "sheet"
        )
        return pdf

    def forget(self) -> None:
        """Frees the memory that long texts took: typst forgets each after some others."""
        for _ in range(FORGETS):
            self.pdf("sheet", [])


def _page(exercise: Exercise) -> dict[str, Any]:
    """What the template takes, every number as a text."""
    numbers = {**_fields(exercise.network), "values": exercise.values}
    total = sum(1 for name in PARAMETERS for _ in _entries(name, exercise.values[f"d{name}"]))
    causes = dict.fromkeys(cause for zero in exercise.zeros for cause in zero.causes)
    reasons = [
        (
            cause.reason[0].upper() + cause.reason[1:],
            ", ".join(_place(zero) for zero in exercise.zeros if cause in zero.causes),
        )
        for cause in causes
    ]
    page: dict[str, Any] = _written(numbers)
    return page | {
        "id": exercise.student.id,
        "name": exercise.student.name,
        "count": f"{len(exercise.zeros)} of the {total} derivatives are zero:",
        "zeros": reasons,
    }


def _written(value: Nested) -> Nested:
    """Numbers in nested lists and fields as they are printed."""
    if isinstance(value, dict):
        return {name: _written(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_written(item) for item in value]
    text = value if isinstance(value, str) else rounded(value)
    return text.replace("-", "−")


def _texts(folder: Path, exercise: Exercise) -> dict[Path, bytes]:
    """The network and the key as files."""
    student, network = exercise.student, exercise.network
    key = {
        "id": student.id,
        "name": student.name,
        "network": _fields(network),
        **exercise.values,
        "zeros": [{"place": _place(zero), "reason": zero.reason} for zero in exercise.zeros],
    }
    text = json.dumps(key, ensure_ascii=False, indent=1) + "\n"
    return {
        folder / student.id / "network.toml": network_toml(network).encode(),
        folder / "key" / f"{student.id}.json": text.encode(),
    }


def _fields(network: Network) -> dict[str, Any]:
    """The fields of a network file, for whole numbers."""
    return {name: _whole(getattr(network, name)) for name in (*REQUIRED, *CHOICES)}


def _whole(value: Nested) -> Nested:
    if isinstance(value, tuple):
        return [_whole(item) for item in value]
    return value if isinstance(value, str) else int(value)


def _entries(name: str, value: Nested) -> Iterable[tuple[str, float]]:
    """The entries of a vector or matrix, with their places counted from 1."""
    for i, row in enumerate(value, 1):
        if isinstance(row, list):
            yield from ((f"{name}[{i},{j}]", entry) for j, entry in enumerate(row, 1))
        else:
            yield f"{name}[{i}]", row


def _place(zero: Zero) -> str:
    return f"d{zero.parameter}[{','.join(str(i + 1) for i in zero.index)}]"


def _check_distinct(exercises: Sequence[Exercise]) -> None:
    owners: dict[Network, str] = {}
    for exercise in exercises:
        other = owners.setdefault(exercise.network, exercise.student.id)
        if other != exercise.student.id:
            raise InputError(
                f"{other} and {exercise.student.id} get the same network; choose another --seed "
                "or larger --sizes."
            )


def _is_there(path: Path, content: bytes) -> bool:
    """Whether a file has this content already; another one is never overwritten."""
    try:
        if path.read_bytes() == content:
            return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InputError(f"{shown(path)} can't be read ({error.strerror}).") from error
    raise InputError(
        f"{shown(path)} is from another roster, seed or kind of network, and is kept; name another "
        "--output-dir."
    )


def _keep(path: Path, content: bytes) -> None:
    if not _is_there(path, content):
        with replacing(path) as temporary:
            temporary.write_bytes(content)
