"""What a student wrote, as numbers with their digits and as places of zeros."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hw1lib.backprop.hints import HINTS
from hw1lib.backprop.network import MAX_BYTES, NUMBER, PARAMETERS, Network
from hw1lib.course.mistakes import Array, Value
from hw1lib.errors import InputError, shown
from hw1lib.files import read_toml

ASKED = ("y_hat", "loss", "db_O", "dW_O", "db_H", "dW_H", "zeros")  # as each follows
PLACE = re.compile(r"d(W_[HO]\[\d{1,2},\d{1,2}\]|b_[HO]\[\d{1,2}\])", re.ASCII)
EXACT = 1e-9  # by which a number may differ from the right one, whatever its digits
HALF, WHOLE = 0.5 + 1e-6, 1 - 1e-6  # of the last digit, with room for errors of floating point
COARSE = 0.001  # a single digit tells enough if its unit is no larger


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
        value: the numbers, in the shape in which they stand.
        unit: that of the last digit of each; 0 for a fraction.
        is_short: whether each has too few digits to tell.
    """

    value: Array
    unit: Array
    is_short: NDArray[np.bool_]


Unreadable: TypeAlias = tuple[Verdict, str]  # and why
Found: TypeAlias = Answer | frozenset[str] | Unreadable


def agrees(found: Found, expected: Value, slack: float = EXACT) -> bool:
    """Whether an answer is what is expected.

    Zeros must be the same. Numbers must be the same to the digits given, rounded or cut off, or
    differ by the share `slack` at most. Nothing agrees with None.
    """
    if not isinstance(found, Answer):
        return isinstance(found, frozenset) and found == expected
    if expected is None or np.shape(expected) != found.value.shape:
        return False
    error = expected - found.value
    beyond = np.copysign(1, expected) * error  # how much further from 0 the expected one is
    is_rounded = (-HALF * found.unit <= beyond) & (beyond < WHOLE * found.unit)
    is_near = abs(error) < EXACT + slack * abs(expected)
    return bool(np.all(is_near | (is_rounded & ~found.is_short)))


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
    numbers = [number for cell in cells if (number := _number(cell)) is not None]
    if len(numbers) < len(cells):
        return Verdict.WRONG, HINTS["unreadable"]
    is_same = (
        table.ndim != len(wanted) and table.squeeze().shape == np.empty(wanted).squeeze().shape
    )
    shape = wanted if is_same else table.shape
    value, unit, is_short = (column.reshape(shape) for column in np.reshape(numbers, (-1, 3)).T)
    return Answer(value, unit, is_short > 0)


def _number(written: Value) -> tuple[float, float, bool] | None:
    """A whole number, decimal or fraction, as playground/exercise.js reads it.

    Returns:
        Its value, the unit of its last digit, and whether it is short; None if it is no number.
    """
    try:
        text = re.sub(r",(?=\d)", ".", str(written).strip().replace("−", "-"))
    except ValueError:  # an integer of more digits than Python writes
        return None
    text = re.sub(r"\s*/\s*", "/", text)
    if not NUMBER.fullmatch(text):
        return None
    mantissa, _, exponent = text.lower().partition("e")
    digits = mantissa.lstrip("+-0.").replace(".", "")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    unit = 0.0 if "/" in text else 10.0**-decimals
    return float(Fraction(text)), unit, len(digits) < 2 and unit > COARSE


def _places(value: Value) -> frozenset[str] | Unreadable:
    """The places of zeros, counted from 1."""
    texts = value if isinstance(value, list) else [value]
    places = ["".join(text.split()) if isinstance(text, str) else "" for text in texts]
    if not all(map(PLACE.fullmatch, places)):
        return Verdict.WRONG, 'Write each zero as "dW_H[2, 1]" or "db_H[2]".'
    return frozenset(places)
