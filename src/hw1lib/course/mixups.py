"""Answers that fit another student's sheet better than its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hw1lib.backprop.formulas import Array
from hw1lib.backprop.judging import NEGLIGIBLE, Tolerance
from hw1lib.backprop.mistakes import follow
from hw1lib.backprop.network import Network
from hw1lib.course.answers import Answer, Found

COMPARED = ("dW_O", "db_H", "dW_H")  # alike by chance as seldom as whole networks are
FEWEST = 5  # entries that must agree
SHARE = 0.75  # of the entries that must agree


def compared_numbers(answers: Mapping[str, Found], network: Network) -> Array:
    """The numbers that tell whose answers they are; NaN where there is none."""
    right = follow(network)
    parts = []
    for name in COMPARED:
        answer = answers.get(name)
        fits = isinstance(answer, Answer) and answer.shape == right[name].shape
        value = answer.value if fits and isinstance(answer, Answer) else right[name] * np.nan
        parts.append(value.ravel())
    return np.concatenate(parts)


def owners(numbers: Sequence[Array], networks: Sequence[Network]) -> list[int | None]:
    """Whose sheets the answers fit, by their places; None for those that fit no other sheet.

    Args:
        numbers: of each student, as `compared_numbers` gives them; empty without answers.
        networks: of each student.
    """
    sheets = []
    for network in networks:
        right = follow(network)
        sheets.append(np.concatenate([right[name].ravel() for name in COMPARED]))
    return [_owner(own, student, sheets) for student, own in enumerate(numbers)]


def _owner(own: Array, student: int, sheets: Sequence[Array]) -> int | None:
    is_filled = np.isfinite(own) & (own != 0)
    if np.count_nonzero(is_filled) < FEWEST:
        return None
    counts = [_agreeing(own, sheet, is_filled) for sheet in sheets]
    best = int(np.argmax(counts))
    is_enough = counts[best] >= max(FEWEST, SHARE * np.count_nonzero(is_filled))
    return best if is_enough and counts[best] >= 2 * counts[student] else None


def _agreeing(own: Array, sheet: Array, is_filled: Array) -> int:
    if own.shape != sheet.shape:
        return 0
    is_near = np.abs(own - sheet) <= Tolerance().rtol * np.abs(sheet)
    is_seen = np.abs(sheet) > NEGLIGIBLE
    return int(np.count_nonzero(np.logical_and.reduce([is_near, is_seen, is_filled])))
