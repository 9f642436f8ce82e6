"""A sheet for every student, and the keys for staff."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, partial
from importlib.resources import files
from itertools import repeat
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from tqdm import tqdm

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.network import CHOICES, PARAMETERS, REQUIRED, Network
from hw1lib.backprop.zeros import find_zeros
from hw1lib.course.checking import written
from hw1lib.course.networks import Design, student_network
from hw1lib.course.places import DERIVATIVES, entries, place
from hw1lib.course.roster import as_csv, read_roster
from hw1lib.course.workers import workers
from hw1lib.errors import InputError, shown
from hw1lib.files import replacing, write_text

try:
    import typst
except ImportError as error:
    raise InputError("Sheets need the package typst; install it by `pip install typst`.") from error

Key: TypeAlias = dict[str, Any]  # what a file ID.json holds

PAGES = 500  # of a PDF: typst takes half a GB for these
TITLE = "Backpropagation by hand"


def solve(identifier: str, name: str, design: Design) -> Key:
    """A student's id, name and network, all values of both passes, and zeros with reasons.

    Raises:
        InputError: no network of this design makes a good exercise.
    """
    network = student_network(design, identifier)
    values, gradients = forward(network), backward(network)
    found = vars(values) | {f"d{name}": getattr(gradients, name) for name in PARAMETERS}
    key: Key = {"id": identifier, "name": name, "network": _fields(network)}
    key |= {name: value.tolist() for name, value in found.items()}
    key["zeros"] = [
        {
            "place": place(f"d{zero.parameter}", zero.index),
            "reasons": [cause.reason for cause in zero.causes],
        }
        for zero in find_zeros(network, values, gradients)
    ]
    return key


def write_sheets(roster: Path, folder: Path, design: Design) -> int:
    """Writes a folder for each student, and the keys; gives the number of students.

    What is there from a run that was interrupted stays; the rest is added.

    Raises:
        InputError: the roster can't be used, or a file of another run would be overwritten; then
            nothing is written.
    """
    students = read_roster(roster)
    with workers(len(students)) as run:
        found = run(partial(solve, design=design), students.keys(), students.values())
        keys = list(tqdm(found, "Networks", len(students), disable=None))
        _check_distinct(keys)
        _write_texts(folder, keys)
        for first in range(0, len(keys), PAGES):
            part = keys[first : first + PAGES]
            pages = folder / f"keys{f'-{first // PAGES + 1}' if first else ''}.pdf"
            solutions = run(_set, [pages], ["key"], [part])
            paths = [folder / key["id"] / "sheet.pdf" for key in part]
            sheets = run(_set, paths, repeat("sheet"), ([key] for key in part))
            list(tqdm(sheets, f"Sheets from {first + 1}", len(part), disable=None))
            list(solutions)
    return len(keys)


def _write_texts(folder: Path, keys: Sequence[Key]) -> None:
    """Writes what is no PDF first, so that a PDF found later belongs to texts that are the same."""
    texts = {folder / "keys.csv": keys_table(keys)}
    for key in keys:
        texts[folder / key["id"] / "network.toml"] = _toml(key["network"])
        text = json.dumps(key, ensure_ascii=False, indent=1) + "\n"
        texts[folder / "key" / f"{key['id']}.json"] = text
    for path in [path for path, text in texts.items() if not _is_there(path, text)]:
        write_text(path, texts[path])


def keys_table(keys: Sequence[Key]) -> str:
    """All values as CSV, a row for each student."""
    rows = [
        {name: key[name] for name in ("id", "name", "loss")}
        | entries(key, ("y_hat", *DERIVATIVES))
        | {"zeros": " ".join(zero["place"] for zero in key["zeros"])}
        for key in keys
    ]
    return as_csv([rows[0], *(row.values() for row in rows)])


def network_toml(network: Network) -> str:
    """A network of whole numbers as a file."""
    return _toml(_fields(network))


def _toml(fields: dict[str, Any]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())


def _fields(network: Network) -> dict[str, Any]:
    numbers = {name: np.array(getattr(network, name), dtype=int).tolist() for name in REQUIRED}
    return numbers | {name: getattr(network, name) for name in CHOICES}


def _set(path: Path, kind: str, keys: Sequence[Key]) -> None:
    """Sets a PDF, unless it is there."""
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_bytes(_pdf(kind, keys))


@cache
def _fonts() -> typst.Fonts:
    """The fonts, read once."""
    return typst.Fonts(font_paths=[str(files("qmdbook") / "fonts")])


def _pdf(kind: str, keys: Sequence[Key]) -> bytes:
    """The PDF of `sheet` or `key`, the same bytes whenever it is made."""
    pages = json.dumps([_page(key) for key in keys], ensure_ascii=False)
    pdf: bytes = typst.compile(
        str(files("hw1lib.course") / "sheet.typ"),
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"kind": kind, "title": TITLE, "students": pages},
        pdf_tags=kind == "sheet",
    )
    return pdf


def _page(key: Key) -> dict[str, Any]:
    """What the template takes: every number as a text, and the places of zeros by their reasons."""
    places: dict[str, list[str]] = {}
    for zero in key["zeros"]:
        for reason in zero["reasons"]:
            places.setdefault(reason[0].upper() + reason[1:], []).append(zero["place"])
    total = sum(np.size(key[name]) for name in DERIVATIVES)
    values = {name: value for name, value in key.items() if name not in ("network", "zeros")}
    return {name: written(value) for name, value in (key["network"] | values).items()} | {
        "count": f"{len(key['zeros'])} of the {total} derivatives are zero:",
        "zeros": [(reason, ", ".join(found)) for reason, found in places.items()],
    }


def _check_distinct(keys: Sequence[Key]) -> None:
    owners: dict[str, str] = {}
    for key in keys:
        other = owners.setdefault(str(key["network"]), key["id"])
        if other != key["id"]:
            raise InputError(
                f"{other} and {key['id']} get the same network; choose larger --sizes, or, for few "
                "students, another --seed."
            )


def _is_there(path: Path, text: str) -> bool:
    """Whether a file has this text already; another one is never overwritten."""
    try:
        if path.read_bytes() == text.encode():
            return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InputError(
            f"{shown(path)} can't be read ({error.strerror}); name another --output-dir."
        ) from error
    raise InputError(
        f"{shown(path)} is from another roster, seed or kind of network, and is kept; name another "
        "--output-dir."
    )
