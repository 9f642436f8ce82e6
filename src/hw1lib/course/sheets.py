"""A sheet for every student, and the keys for staff."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from importlib.resources import files
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from tqdm import tqdm

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.judging import Tolerance
from hw1lib.backprop.network import CHOICES, PARAMETERS, REQUIRED, Network, parse_network
from hw1lib.backprop.zeros import find_zeros
from hw1lib.course.answering import answering_page, answers_template
from hw1lib.course.checking import Nested, written
from hw1lib.course.networks import Design, student_network
from hw1lib.course.places import DERIVATIVES, entries, place
from hw1lib.course.roster import read_roster
from hw1lib.course.secret import course_secret, write_private, write_private_bytes
from hw1lib.course.tables import as_csv
from hw1lib.course.workers import workers
from hw1lib.errors import InputError, shown
from hw1lib.files import replacing, write_text

try:
    import typst

    from hw1lib.course.lettering import fonts_for, typst_fonts
except ImportError as error:
    raise InputError("Sheets need the package typst; install it by `pip install typst`.") from error

Exact: TypeAlias = "Fraction | tuple[Exact, ...]"  # numbers of a network
Key: TypeAlias = dict[str, Any]  # what a file ID.json holds

PAGES = 500  # of a PDF: typst takes half a GB for these
FORM, ANSWERS = "answers.html", "answers.toml"
TITLE = "Backpropagation by hand"


def solve(identifier: str, name: str, design: Design) -> Key:
    """A student's id, name and network, all values of both passes, and zeros with reasons.

    Raises:
        InputError: no network of this design makes a good exercise.
    """
    network = student_network(design, identifier)
    values, gradients = forward(network), backward(network)
    results = vars(values) | {f"d{name}": getattr(gradients, name) for name in PARAMETERS}
    key: Key = {"id": identifier, "name": name, "network": _fields(network)}
    key |= {name: value.tolist() for name, value in results.items()}
    key["zeros"] = [
        {
            "place": place(f"d{zero.parameter}", zero.index),
            "reasons": [cause.reason for cause in zero.causes],
        }
        for zero in find_zeros(network, values, gradients)
    ]
    return key


def write_sheets(
    roster: Path, folder: Path, kind: Mapping[str, Any], secret: Path | None = None
) -> tuple[int, list[str]]:
    """Writes a folder for each student, and the keys.

    What is there from an earlier run stays; whoever is new is added, and a corrected name is
    corrected.

    Args:
        roster: the students.
        folder: where all files go.
        kind: all that a `Design` takes but the secret.
        secret: the file of the secret; the one beside the keys if None.

    Returns:
        The number of students, and the ids of those whose name no font here can write.

    Raises:
        InputError: the roster can't be used, or a student would get another network than before;
            then nothing is written.
    """
    names = {student.id: student.name for student in read_roster(roster).students.values()}
    Design("", **kind)  # refused before a secret is drawn
    design = Design(course_secret(secret or folder / "key" / "secret.txt"), **kind)
    with workers(len(names)) as run:
        networks = run(partial(solve, design=design), names.keys(), names.values())
        keys = list(tqdm(networks, "Networks", len(names), disable=None))
        _check_distinct(keys)
        _write_texts(folder, keys)
        for first in range(0, len(keys), PAGES):
            part = keys[first : first + PAGES]
            number = f"-{first // PAGES + 1}" if first else ""  # of the second file and so on
            pages = folder / f"keys{number}.pdf"
            solutions = run(_set, [pages], ["key"], [part])
            paths = [folder / key["id"] / "sheet.pdf" for key in part]
            sheets = run(_set, paths, repeat("sheet"), ([key] for key in part))
            list(tqdm(sheets, f"Sheets from {first + 1}", len(part), disable=None))
            forms = run(_set_form, [path.parent for path in paths], part)
            list(tqdm(forms, f"Forms from {first + 1}", len(part), disable=None))
            list(solutions)
    return len(keys), [key["id"] for key in keys if fonts_for(key["name"]) is None]


def _write_texts(folder: Path, keys: Sequence[Key]) -> None:
    """Writes keys and networks, after the PDFs and pages that they would belie are gone.

    Thus a PDF or page that is found later belongs to keys that are the same.
    """
    networks = {folder / key["id"] / "network.toml": _toml(key["network"]) for key in keys}
    new = [path for path, text in networks.items() if not _is_there(path, text)]
    texts = {folder / "keys.csv": keys_table(keys)}
    for key in keys:
        text = json.dumps(key, ensure_ascii=False, indent=1) + "\n"
        texts[folder / "key" / f"{key['id']}.json"] = text
    for path, text in texts.items():
        if _has(path, text):
            continue
        old = [*folder.glob("keys*.pdf")]
        if path.parent.name == "key":
            old = [folder / path.stem / name for name in ("sheet.pdf", FORM)]
        for path_before in old:
            path_before.unlink(missing_ok=True)
        write_private(path, text)
    (folder / "key").chmod(0o700)
    for path in new:
        write_text(path, networks[path])


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
    """A network as a file."""
    return _toml(_fields(network))


def _toml(fields: dict[str, Any]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())


def _fields(network: Network) -> dict[str, Any]:
    numbers = {name: _plain(getattr(network, name)) for name in REQUIRED}
    return numbers | {name: getattr(network, name) for name in CHOICES}


def _plain(value: Exact) -> Nested:
    """Whole numbers as such, and others as floats, in nested lists."""
    if isinstance(value, tuple):
        return [*map(_plain, value)]
    return int(value) if value == int(value) else float(value)


def _set(path: Path, kind: str, keys: Sequence[Key]) -> None:
    """Sets a PDF, unless it is there."""
    if path.exists():
        return
    pdf = _pdf(kind, keys)
    if kind == "key":
        write_private_bytes(path, pdf)
    else:
        with replacing(path) as temporary:
            temporary.write_bytes(pdf)


def _set_form(folder: Path, key: Key) -> None:
    """Writes a student's page for answering and their answers.toml, unless they are there."""
    network = parse_network(json.loads(json.dumps(key["network"]), parse_float=str))
    if not (folder / ANSWERS).exists():
        write_text(folder / ANSWERS, answers_template(network))
    if not (folder / FORM).exists():
        who = f"{key['name']}, {key['id']}"
        drawing = _compiled("drawing", [key], "svg").decode()
        text = _toml(key["network"])
        write_text(folder / FORM, answering_page(TITLE, who, network, text, drawing))


def _pdf(kind: str, keys: Sequence[Key]) -> bytes:
    """The PDF of `sheet` or `key`, the same bytes whenever it is made with the same fonts."""
    return _compiled(kind, keys, "pdf")


def _compiled(kind: str, keys: Sequence[Key], form: Literal["pdf", "svg"]) -> bytes:
    paths = sorted({path for key in keys for path in fonts_for(key["name"]) or ()})
    pages = json.dumps([_page(key) for key in keys], ensure_ascii=False)
    compiled: bytes = typst.compile(
        str(files("hw1lib.course") / "sheet.typ"),
        font_paths=typst_fonts(tuple(paths)),
        format=form,
        sys_inputs={"kind": kind, "title": TITLE, "rule": Tolerance().rule, "students": pages},
        pdf_tags=kind == "sheet",
    )
    return compiled


def _page(key: Key) -> dict[str, Any]:
    """What the template takes: every number as a text, and the places of zeros by their reasons."""
    places: dict[str, list[str]] = {}
    for zero in key["zeros"]:
        for reason in zero["reasons"]:
            places.setdefault(reason[0].upper() + reason[1:], []).append(zero["place"])
    total = sum(np.size(key[name]) for name in DERIVATIVES)
    values = {name: value for name, value in key.items() if name not in ("network", "zeros")}
    page = {name: written(value, "{:g}".format) for name, value in key["network"].items()}
    page |= {name: written(value) for name, value in values.items()}
    return page | {
        "name": key["name"] if fonts_for(key["name"]) is not None else "",
        "count": f"{len(key['zeros'])} of the {total} derivatives are zero:",
        "zeros": [(reason, ", ".join(names)) for reason, names in places.items()],
    }


def _check_distinct(keys: Sequence[Key]) -> None:
    owners: dict[str, str] = {}
    for key in keys:
        other = owners.setdefault(str(key["network"]), key["id"])
        if other != key["id"]:
            raise InputError(
                f"{other} and {key['id']} get the same network; choose larger --sizes, or, for few "
                "students, another --secret."
            )


def _is_there(path: Path, text: str) -> bool:
    """Whether a network is there already; another one is never overwritten."""
    if not path.exists():
        return False
    if _has(path, text):
        return True
    raise InputError(
        f"{shown(path)} is from another secret or kind of network, and is kept; name another "
        "--output-dir, or the --secret of that course."
    )


def _has(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
