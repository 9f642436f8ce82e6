"""What a student wrote, as numbers with their digits and as places of zeros."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hw1lib.backprop import judging
from hw1lib.backprop.formulas import Array
from hw1lib.backprop.judging import Numeral, Tolerance
from hw1lib.backprop.network import MAX_BYTES, PARAMETERS, Network
from hw1lib.course.places import Value
from hw1lib.errors import InputError, shown
from hw1lib.files import read_toml

FEWEST = 3  # decimals to which a number that is not 0 may round to 0
ASKED = ("y_hat", "loss", "db_O", "dW_O", "db_H", "dW_H", "zeros")  # as each follows
PLACE = re.compile(r"d(W_[HO]\[\d{1,2},\d{1,2}\]|b_[HO]\[\d{1,2}\])", re.ASCII)


class Verdict(StrEnum):
    """What is said of an answer."""

    RIGHT = "right"
    CARRIED = "right from a wrong earlier value"
    WRONG = "wrong"
    SHAPE = "wrong shape"
    MISSING = "missing"


@dataclass(frozen=True)
class Answer:
    """Numbers as they were written.

    Attributes:
        numerals: the numbers, in the shape in which they stand.
    """

    numerals: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the lists."""
        return self.numerals.shape

    @property
    def value(self) -> Array:
        """The numbers alone."""
        numbers = [numeral.value for numeral in self.numerals.flat]
        return np.array(numbers, dtype=float).reshape(self.shape)


Unreadable: TypeAlias = tuple[Verdict, str]  # and why
Found: TypeAlias = Answer | frozenset[str] | Unreadable


def agrees(found: Found, expected: Value, tolerance: Tolerance | None = None) -> bool:
    """Whether an answer is what is expected: the same zeros, or numbers that are right.

    Nothing agrees with None.
    """
    if not isinstance(found, Answer):
        return isinstance(found, frozenset) and found == expected
    if expected is None or np.shape(expected) != found.shape:
        return False
    pairs = zip(found.numerals.flat, np.ravel(expected), strict=True)
    return all(judging.agrees(numeral, float(value), tolerance) for numeral, value in pairs)


def follows(found: Found, values: Value, tolerance: Tolerance) -> bool:
    """Whether an answer is what follows from something wrong; what is tiny may be written as 0."""
    if isinstance(found, Answer) and values is not None and np.shape(values) == found.shape:
        units = [10.0 ** -max(numeral.decimals, FEWEST) for numeral in found.numerals.flat]
        is_tiny = np.abs(values) < np.reshape(units, found.shape) / 2
        values = np.where((found.value == 0) & is_tiny, 0, values)
    return agrees(found, values, tolerance)


def worst(answer: Answer, expected: Array) -> judging.Verdict:
    """The verdict on the number that is furthest off."""
    pairs = zip(answer.numerals.flat, expected.flat, strict=True)
    verdicts = {judging.judge(numeral, float(value)) for numeral, value in pairs}
    return next(verdict for verdict in reversed(judging.Verdict) if verdict in verdicts)


def read_fields(path: Path, wanted: str) -> dict[str, Value]:
    """The fields of a TOML file whose names are those of `ASKED`.

    Raises:
        InputError: the file can't be read, or has another field.
    """
    fields = read_toml(path, MAX_BYTES, wanted)
    for name in fields:
        if name not in ASKED:
            raise InputError(
                f"{shown(path)}: unknown field {shown(name)!r:.40}; the fields are "
                f"{', '.join(ASKED)}."
            )
    return fields


def parse_answers(fields: Mapping[str, Value], network: Network) -> dict[str, Found]:
    """Answers as numbers, or texts that hold them, in lists; zeros as texts such as dW_H[2, 1]."""
    shapes = {f"d{name}": np.shape(getattr(network, name)) for name in PARAMETERS}
    shapes |= {"y_hat": (len(network.y),), "loss": ()}
    return {
        name: _places(value) if name == "zeros" else _numbers(value, shapes[name])
        for name, value in fields.items()
    }


def _numbers(value: Value, wanted: tuple[int, ...]) -> Answer | Unreadable:
    """Numbers in nested lists; brackets too many or too few around single ones don't matter."""
    table = np.array(value, dtype=object)
    cells = table.reshape(-1).tolist()
    if any(isinstance(cell, list) for cell in cells):
        return Verdict.SHAPE, "Its rows have different lengths."
    numerals = [numeral for cell in cells if (numeral := _numeral(cell)) is not None]
    if len(numerals) < len(cells):
        return Verdict.WRONG, judging.HINTS[judging.Verdict.UNREADABLE]
    is_same = (
        table.ndim != len(wanted) and table.squeeze().shape == np.empty(wanted).squeeze().shape
    )
    shape = wanted if is_same else table.shape
    return Answer(np.array(numerals, dtype=object).reshape(shape))


def _numeral(cell: Value) -> Numeral | None:
    """A number, or a text that holds one; None if it is neither."""
    try:
        return judging.read(str(cell))
    except ValueError:  # an integer of more digits than Python writes
        return None


def _places(value: Value) -> frozenset[str] | Unreadable:
    """The places of zeros, counted from 1."""
    texts = value if isinstance(value, list) else [value]
    places = ["".join(text.split()) if isinstance(text, str) else "" for text in texts]
    if not all(map(PLACE.fullmatch, places)):
        return Verdict.WRONG, 'Write each zero as "dW_H[2, 1]" or "db_H[2]".'
    return frozenset(places)
