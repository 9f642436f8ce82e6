"""Networks of students, and answers as a student would write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hw1lib.backprop.formulas import Array
from hw1lib.backprop.judging import NEGLIGIBLE
from hw1lib.backprop.mistakes import Mistake, follow
from hw1lib.backprop.network import Network
from hw1lib.course.answerfile import ASKED
from hw1lib.course.networks import Design, student_network
from hw1lib.course.places import DERIVATIVES, entries

DESIGNS = (
    Design("0", (2, 3, 2)),
    Design("0", (2, 2, 2)),
    Design("0", (2, 2, 1), "relu", "sigmoid"),
    Design("0", (3, 3, 3)),
    Design("0", (2, 3, 2), "tanh"),
)


def networks(design: Design, count: int) -> Iterator[Network]:
    return (student_network(design, f"s{number}") for number in range(count))


def all_values(
    network: Network, mistakes: Sequence[Mistake] = (), given: Mapping[str, Array] | None = None
) -> dict[str, Any]:
    """What `follow` gives, and as "zeros" the places where a derivative is zero then."""
    values: dict[str, Any] = dict(follow(network, mistakes, given))
    if all(name in values for name in DERIVATIVES):
        sizes = entries(values, DERIVATIVES)
        values["zeros"] = frozenset(p for p, value in sizes.items() if abs(value) < NEGLIGIBLE)
    return values


def as_toml(values: dict[str, Any]) -> str:
    """Values as an answers file in four decimals, without those that are not numbers."""
    lines = []
    for name in ASKED:
        value = values.get(name)
        if name == "zeros" and value is not None:
            lines.append(f"zeros = {json.dumps(sorted(value))}")
        elif value is not None and np.isfinite(value).all():
            lines.append(f"{name} = {_written(np.asarray(value).tolist())}")
    return "\n".join(lines)


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return "0" if abs(value) < 1e-12 else f"{value:.4f}"
