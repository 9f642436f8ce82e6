"""What a student wrote, as numbers with their digits and as places of zeros."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hw1lib.backprop import judging
from hw1lib.backprop.formulas import Array
from hw1lib.backprop.judging import Numeral, Tolerance
from hw1lib.backprop.network import Network
from hw1lib.course.answerfile import Slip
from hw1lib.course.places import place as place_text

ORDER = ("dW_O", "db_O", "dW_H", "db_H")  # as on the sheet
OPEN = "?"  # stands for an entry that is not answered
PLACE = re.compile(r"d(W_[HO]\[\d{1,2},\d{1,2}\]|b_[HO]\[\d{1,2}\])", re.ASCII)


class Verdict(StrEnum):
    """The message on an answer."""

    RIGHT = "right"
    CARRIED = "follows from your earlier values"
    PARTLY = "partly right"
    WRONG = "wrong"
    SHAPE = "wrong shape"
    UNREADABLE = "unreadable"
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


@dataclass(frozen=True)
class Places:
    """Where somebody says that zeros are.

    Attributes:
        places: such as dW_H[2,1], counted from 1.
        from_zero: whether they were counted from 0.
    """

    places: frozenset[str]
    from_zero: bool


Unreadable: TypeAlias = tuple[Verdict, str]  # and why
Found: TypeAlias = Answer | Places | Unreadable


def worst(answer: Answer, expected: Array, tolerance: Tolerance) -> judging.Verdict:
    """The verdict on the number that is furthest off."""
    pairs = zip(answer.numerals.flat, expected.flat, strict=True)
    verdicts = {judging.judge(numeral, float(value), tolerance) for numeral, value in pairs}
    return next(verdict for verdict in reversed(judging.Verdict) if verdict in verdicts)


def answer_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """The shape of each answer that is a number, a list or a matrix."""
    shapes: dict[str, tuple[int, ...]] = {"y_hat": (len(network.y),), "loss": ()}
    return shapes | {name: np.shape(getattr(network, name[1:])) for name in ORDER}


def parse_answers(fields: Mapping[str, object], network: Network) -> dict[str, Found]:
    """Answers as numbers, or texts that hold them, in lists; zeros as texts such as dW_H[2, 1]."""
    shapes = answer_shapes(network)
    return {name: _found(name, value, shapes.get(name)) for name, value in fields.items()}


def _found(name: str, value: object, shape: tuple[int, ...] | None) -> Found:
    if isinstance(value, Slip):
        return Verdict.UNREADABLE, value.reason
    return _places(value) if shape is None else _numbers(value, shape)


def _numbers(value: object, wanted: tuple[int, ...]) -> Answer | Unreadable:
    """Numbers in nested lists; brackets too many or too few around single ones don't matter."""
    table = np.array(value, dtype=object)
    cells = table.reshape(-1).tolist()
    if any(isinstance(cell, list) for cell in cells):
        return Verdict.SHAPE, "Its rows have different lengths."
    if cells and all(cell == OPEN for cell in cells):
        return Verdict.MISSING, ""
    numerals = [numeral for cell in cells if (numeral := _numeral(cell)) is not None]
    if len(numerals) < len(cells):
        return Verdict.UNREADABLE, judging.HINTS[judging.Verdict.UNREADABLE]
    is_same = (
        table.ndim != len(wanted) and table.squeeze().shape == np.empty(wanted).squeeze().shape
    )
    shape = wanted if is_same else table.shape
    return Answer(np.array(numerals, dtype=object).reshape(shape))


def _numeral(cell: object) -> Numeral | None:
    """A number, or a text that holds one; None if it is neither. An open one is not a number."""
    if cell == OPEN:
        return Numeral(math.nan, 0, 0)
    try:
        return judging.read(str(cell))
    except ValueError:  # an integer of more digits than Python writes
        return None


def _places(value: object) -> Places | Unreadable:
    """The places of zeros; if one has a 0, all are counted from 0."""
    texts = value if isinstance(value, list) else [value]
    places = ["".join(text.split()) if isinstance(text, str) else "" for text in texts]
    if not all(map(PLACE.fullmatch, places)):
        return Verdict.UNREADABLE, 'Write each zero as "dW_H[2, 1]" or "db_H[2]".'
    numbers = [[*map(int, re.findall(r"\d+", place))] for place in places]
    shift = 1 if any(0 in indices for indices in numbers) else 0
    names = [place.partition("[")[0] for place in places]
    indices = (tuple(i + shift - 1 for i in index) for index in numbers)
    return Places(frozenset(map(place_text, names, indices)), shift == 1)
