"""Networks of students, and answers as a student would write them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from hw1lib.backprop.network import Network
from hw1lib.course.answerfile import ASKED
from hw1lib.course.networks import Design, student_network

DESIGNS = (
    Design("0", (2, 3, 2)),
    Design("0", (2, 2, 2)),
    Design("0", (2, 2, 1), "relu", "sigmoid"),
    Design("0", (3, 3, 3)),
    Design("0", (2, 3, 2), "tanh"),
)


def networks(design: Design, count: int) -> Iterator[Network]:
    return (student_network(design, f"s{number}") for number in range(count))


def as_toml(values: dict[str, Any]) -> str:
    """Values as an answers file in four decimals, without those that are no numbers."""
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
