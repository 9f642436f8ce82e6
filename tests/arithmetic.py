"""Chapter 1's equations, redone from the numbers that they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Values: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

MATRIX = re.compile(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", re.DOTALL)
NUMBER = re.compile(r"-?\d+(\.\d+)?( / \d+)?( \\times 10\^\{-?\d+\})?")
LAYOUT = re.compile(r"\\(begin|end)\{aligned\}|\\tag\{.*?\}|\\(quad|qquad|,)(?![a-z])|\\\\|[&{}]")
RELATION = re.compile(r"(=|\\approx)")
TOKEN = re.compile(r"M\d+(?:\^\\top)?|-?\d[\d.]*|\\cdot|\\odot|[+-]|\\left\(|\\right\)|[^\s+-]+")
SLOPES = {
    "relu": lambda z: (z > 0) * 1.0,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)) / (1 + np.exp(z)),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "identity": np.ones_like,
}
ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "identity": lambda z: z,
}


@dataclass(frozen=True)
class Printed:
    """Numbers as a reader sees them, and half a unit of the last digit of each."""

    values: Values
    rounding: Values

    def is_right(self, redone: Values, exact: bool) -> bool:
        """Whether a calculator gives these numbers, to the last digit of each."""
        slack = 1e-12 * np.maximum(1, np.abs(self.values))
        return bool((np.abs(redone - self.values) <= (0 if exact else self.rounding) + slack).all())


@dataclass
class Reader:
    """Someone who redoes each line with the numbers printed so far.

    Attributes:
        activation: of the network.
        output: of the network.
        known: the printed value of each symbol or product of symbols.
        redone: the lines that were redone.
    """

    activation: str
    output: str
    known: dict[str, Values] = field(default_factory=dict)
    redone: list[str] = field(default_factory=list)

    def read(self, equation: str) -> Iterator[str]:
        """The lines of an equation that a calculator contradicts."""
        matrices: list[str] = []

        def keep(found: re.Match[str]) -> str:
            matrices.append(found[1])
            return f" M{len(matrices) - 1} "

        text = LAYOUT.sub(" ", MATRIX.sub(keep, equation).replace(r"\hat{y}", "y_hat"))
        for statement in re.split(r"[,.](?=\s|$)", text):
            yield from self._check(statement, [_printed(m) for m in matrices])

    def _check(self, statement: str, matrices: list[Printed | None]) -> Iterator[str]:
        first, *others = RELATION.split(" ".join(statement.split()))
        sides = list(zip(others[::2], others[1::2], strict=True))
        names, redone = [first.strip()], None
        for relation, text in sides:
            side = text.strip()
            printed = _alone(side, matrices)
            if printed is None:
                value = self._evaluate(side, matrices)
                redone = redone if value is None else value
                names.append(side)
                continue
            if redone is None:
                redone = self._of_symbol(names)
            if redone is not None:
                self.redone.append(statement)
                if not printed.is_right(redone, relation == "="):
                    yield statement
            self.known |= dict.fromkeys(names, printed.values)

    def _of_symbol(self, names: list[str]) -> Values | None:
        """The value of a symbol that the text defines by a function."""
        if "f(z_H)" in names:
            return np.asarray(ACTIVATIONS[self.activation](self.known["z_H"]))
        if "f'(z_H)" in names:
            return np.asarray(SLOPES[self.activation](self.known["z_H"]))
        if names[0] == "y_hat" and "z_O" in self.known:
            z = self.known["z_O"]
            if self.output == "sigmoid":
                return np.asarray(1 / (1 + np.exp(-z)))
            powers = np.exp(z - z.max())
            return np.asarray(powers / powers.sum())
        product = r"\left( W_O^\top \delta_O \right) \odot f'(z_H)"
        if product in names:
            return self.known[r"W_O^\top \delta_O"] * self.known["f'(z_H)"]
        return None

    def _evaluate(self, side: str, matrices: list[Printed | None]) -> Values | None:
        """A product or sum of numbers and of symbols that are known; None if it has others."""
        if found := re.fullmatch(r"-\\log (.*)", side):
            shown = _printed(found[1])
            return None if shown is None else -np.log(shown.values)
        total: Values | None = None
        factor: Values | None = None
        sign = 1.0
        if "M" not in side:
            return None
        for piece in [*TOKEN.findall(side), "+"]:
            if piece in {"+", "-"}:
                assert factor is not None
                total = sign * factor if total is None else total + sign * factor
                sign, factor = (1.0 if piece == "+" else -1.0), None
            elif piece != r"\cdot":
                value = self._factor(piece, matrices)
                if value is None:
                    return None
                factor = value if factor is None else factor @ value
        return total

    def _factor(self, token: str, matrices: list[Printed | None]) -> Values | None:
        if not (found := re.fullmatch(r"M(\d+)", token)):
            return self.known.get(token)
        printed = matrices[int(found[1])]
        return None if printed is None else printed.values


def _alone(side: str, matrices: list[Printed | None]) -> Printed | None:
    """A side of an equation that is one printed number or matrix."""
    if found := re.fullmatch(r"M(\d+)", side):
        return matrices[int(found[1])]
    return _printed(side)


def _printed(text: str) -> Printed | None:
    """A number or the inside of a matrix; None if it has anything but numbers."""
    rows = [[entry.strip() for entry in row.split("&")] for row in text.split(r"\\")]
    if not all(NUMBER.fullmatch(entry) for row in rows for entry in row):
        return None
    pairs = [[_value(entry) for entry in row] for row in rows]
    return Printed(*(np.array([[pair[i] for pair in row] for row in pairs]) for i in (0, 1)))


def _value(text: str) -> tuple[float, float]:
    """A printed number and half a unit of its last digit."""
    mantissa, _, power = text.partition(r" \times 10^{")
    scale = 10.0 ** int(power.rstrip("}") or 0)
    numerator, _, denominator = mantissa.partition(" / ")
    decimals = len(numerator.partition(".")[2])
    return float(numerator) * scale / float(denominator or 1), 0.5 * 10.0**-decimals * scale
