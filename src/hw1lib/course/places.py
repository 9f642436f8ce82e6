"""The entries of vectors and matrices by their places, such as dW_H[2,1]; and where zeros are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from hw1lib.backprop.formulas import Array
from hw1lib.backprop.judging import NEGLIGIBLE
from hw1lib.backprop.mistakes import Mistake, follow
from hw1lib.backprop.network import PARAMETERS, Network

Value: TypeAlias = Any  # an array, a number or the places of zeros

DERIVATIVES = tuple(f"d{name}" for name in PARAMETERS)


def place(name: str, index: tuple[int, ...]) -> str:
    """An entry of a vector or matrix, counted from 1, such as dW_H[2,1]."""
    return f"{name}[{','.join(str(i + 1) for i in index)}]"


def entries(values: Mapping[str, Value], names: Iterable[str]) -> dict[str, float]:
    """All entries of some vectors and matrices, by their places."""
    return {
        place(name, index): entry for name in names for index, entry in np.ndenumerate(values[name])
    }


def all_values(
    network: Network, mistakes: Sequence[Mistake] = (), given: Mapping[str, Array] | None = None
) -> dict[str, Value]:
    """What `follow` gives, and as "zeros" the places where a derivative is zero then."""
    values: dict[str, Value] = dict(follow(network, mistakes, given))
    if all(name in values for name in DERIVATIVES):
        sizes = entries(values, DERIVATIVES)
        values["zeros"] = frozenset(p for p, value in sizes.items() if abs(value) < NEGLIGIBLE)
    return values
