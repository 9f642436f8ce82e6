"""The entries of vectors and matrices by their places, such as dW_H[2,1]; and where zeros are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from hw1lib.backprop.network import PARAMETERS

DERIVATIVES = tuple(f"d{name}" for name in PARAMETERS)


def place(name: str, index: tuple[int, ...]) -> str:
    """An entry of a vector or matrix, counted from 1, such as dW_H[2,1]."""
    return f"{name}[{','.join(str(i + 1) for i in index)}]"


def entries(values: Mapping[str, ArrayLike], names: Iterable[str]) -> dict[str, float]:
    """All entries of some vectors and matrices, by their places."""
    return {
        place(name, index): entry for name in names for index, entry in np.ndenumerate(values[name])
    }
