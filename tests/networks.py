"""Random networks, and their derivatives in thousands of digits without hw1lib's formulas."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
from hypothesis import strategies as st

from hw1lib.backprop.network import ACTIVATIONS, Network, parse_network

GOOD: dict[str, Any] = {
    "x": [1, -2],
    "y": [0, 1],
    "W_H": [[1, 0], [0, 1], [1, 1]],
    "b_H": [0, 1, 0],
    "W_O": [[1, 0, 1], [0, 1, 1]],
    "b_O": ["1/2", 0],
}
EXAMPLE = {**GOOD, "b_H": [0, -3, 2], "example": True}  # as network.toml has it
LARGE = {
    "x": [f"{i}/7" for i in range(8)],
    "y": [int(i == 3) for i in range(8)],
    "W_H": [[f"{i - j}/9" for j in range(8)] for i in range(8)],
    "b_H": [0] * 8,
    "W_O": [[f"{i + j}/11" for j in range(8)] for i in range(8)],
    "b_O": [0] * 8,
    "activation": "tanh",
}  # too large for sympy
# The networks of which an earlier version said something wrong, and one for each kind of cause.
MADE = [
    {"x": [10, 12], "y": 0, "W_H": [[3, 2], [1, -2]], "b_H": [1, 1], "W_O": [[2, 1]],
     "b_O": [-1], "output": "sigmoid"},
    {"x": [10, 12], "y": [0, 1], "W_H": [[5, 5], [1, 0]], "b_H": [0, 0],
     "W_O": [[1, 0], [0, 1]], "b_O": [0, 0]},
    {"x": [3], "y": [1, 0], "W_H": [["0.1"], [1]], "b_H": ["-0.3", 0], "W_O": [[1, 2], [3, 1]],
     "b_O": [0, 0]},
    {"x": ["0.1", "0.2", "0.3"], "y": [1, 0], "W_H": [[1, 1, -1], [1, 0, 0]], "b_H": [0, 0],
     "W_O": [[1, 2], [3, 1]], "b_O": [0, 0]},
    {**GOOD, "x": [0, 1]},
    {**GOOD, "activation": "tanh", "b_H": [-1, 1, 2]},
    {**GOOD, "activation": "tanh", "b_H": [500, 1, 2]},
    {**GOOD, "activation": "sigmoid", "b_H": [-900, 1, 2], "W_O": [[1, 0, 1], [0, 1, 3]]},
    {**GOOD, "b_O": [-2000, 0]},
    {**GOOD, "b_O": [2000, 0]},
    {**GOOD, "y": [1], "W_O": [[1, 2, 3]], "b_O": [1]},
    {**GOOD, "b_H": [0, 4, 2], "W_O": [[0, 0, 1], [0, 1, 3]]},
    # the first two logits are equal, and unit 1 pulls them apart: 2 - 1 = 1 and 0 - 1 = -1
    {"x": [1], "y": [0, 0, 1], "W_H": [[1], [1]], "b_H": [0, 0],
     "W_O": [[2, 0], [0, 2], [1, 3]], "b_O": [0, 0, 0]},
    {"x": [1], "y": [0, 0, 1], "W_H": [[1], [-1]], "b_H": [0, 1], "activation": "sigmoid",
     "W_O": [[2, 0], [0, 2], [1, 3]], "b_O": [0, 1, 0]},
    {"x": [1], "y": [0, 0, 1], "W_H": [[1], [-1]], "b_H": [0, 0], "activation": "tanh",
     "W_O": [[2, 0], [0, -2], [1, 3]], "b_O": [0, 0, 0]},
    {**GOOD, "activation": "sigmoid", "b_H": [-400, 1, 2], "b_O": [-500, 0]},
    {**GOOD, "activation": "sigmoid", "b_H": [-400, 1, 2], "b_O": [500, 0], "y": [1, 0],
     "W_O": [[1, 0, 1], [0, 1, 3]]},
]  # fmt: skip
NUMBERS: dict[str, Callable[[random.Random], Any]] = {
    "integers": lambda rng: rng.randint(-9, 9),
    "decimals": lambda rng: f"{rng.randint(-10, 10) / 10}",
}
KINDS = NUMBERS | {
    "two places": lambda rng: f"{rng.uniform(-2, 2):.2f}",
    "four places": lambda rng: f"{rng.uniform(-2, 2):.4f}",
    "fractions": lambda rng: f"{rng.randint(-9, 9)}/{rng.randint(2, 9)}",
    "saturated": lambda rng: rng.randint(-60, 60),
    "kinked": lambda rng: rng.randint(-1, 1),
    "no zeros": lambda rng: f"{rng.randint(1, 9)}/7",
    "all zeros": lambda rng: 0,
}
SIZES = (
    (1, 1, 2), (2, 3, 2), (3, 4, 3), (4, 5, 3), (2, 2, 3), (4, 3, 2), (2, 5, 2), (6, 6, 6),
    (1, 6, 2), (6, 1, 4), (10, 8, 5), (64, 64, 64), (5, 4, 1), (3, 2, 10), (9, 12, 7),
)  # fmt: skip
quarters = st.integers(-12, 12).map(lambda n: f"{n}/4")


def toml(fields: dict[str, Any]) -> str:
    """The fields as a file; TOML writes lists of numbers and texts as JSON does."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())


def random_fields(rng: random.Random, numbers: str, activation: str, output: str) -> dict[str, Any]:
    """The fields of a network file with up to three units a layer."""
    n, m = rng.randint(1, 3), rng.randint(1, 3)
    k = rng.choice([1, 2, 2, 2, 3, 3]) if output == "softmax" else 1

    def vector(size: int) -> list[Any]:
        return [NUMBERS[numbers](rng) for _ in range(size)]

    target = rng.randint(0, 1) if output == "sigmoid" else rng.randrange(k)
    return _fields(n, m, k, target, activation, output, vector)


def drawn_fields(number: int) -> dict[str, Any]:
    """The fields of one of the networks that between them have all that a file may have."""
    rng = random.Random(number)
    n, m, k = SIZES[number % len(SIZES)]
    draw = list(KINDS.values())[number % len(KINDS)]
    activation = ACTIVATIONS[(number // 2) % len(ACTIVATIONS)]
    output = "sigmoid" if k == 1 or number % 5 == 4 else "softmax"
    k = 1 if output == "sigmoid" else k
    target = rng.randint(0, 1) if output == "sigmoid" else rng.randrange(k)

    def vector(size: int) -> list[Any]:
        return [draw(rng) for _ in range(size)]

    return _fields(n, m, k, target, activation, output, vector)


def random_networks(numbers: str, output: str, count: int) -> Iterator[Network]:
    """Networks of up to three units a layer, with all activations."""
    rng = random.Random(f"{numbers} {output}")
    for number in range(count):
        yield parse_network(random_fields(rng, numbers, ACTIVATIONS[number % 4], output))


def _fields(
    n: int, m: int, k: int, target: int, activation: str, output: str,
    vector: Callable[[int], list[Any]],
) -> dict[str, Any]:  # fmt: skip
    return {
        "x": vector(n),
        "y": target if output == "sigmoid" else [int(i == target) for i in range(k)],
        "W_H": [vector(n) for _ in range(m)],
        "b_H": vector(m),
        "W_O": [vector(m) for _ in range(k)],
        "b_O": vector(k),
        "activation": activation,
        "output": output,
    }


@st.composite
def network_fields(draw: st.DrawFn, largest: int = 4) -> dict[str, Any]:
    """The fields of a network file, of any size up to `largest`, activation and output."""
    output = draw(st.sampled_from(["softmax", "sigmoid"]))
    n, m = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    k = 1 if output == "sigmoid" else draw(st.integers(1, largest))
    target = draw(st.integers(0, 1 if output == "sigmoid" else k - 1))

    def vector(size: int) -> list[str]:
        return draw(st.lists(quarters, min_size=size, max_size=size))

    return _fields(n, m, k, target, draw(st.sampled_from(ACTIVATIONS)), output, vector)


def networks(largest: int = 4) -> st.SearchStrategy[Network]:
    """Networks with numbers in quarters, so that kinks and zeros do occur."""
    return network_fields(largest).map(parse_network)


@dataclass(frozen=True)
class Oracle:
    """Values and derivatives of a network in `digits` digits, by forward differentiation."""

    network: Network
    digits: int

    def __post_init__(self) -> None:
        mp = mpmath.MPContext()
        mp.dps = self.digits
        object.__setattr__(self, "mp", mp)

    def number(self, value: Fraction) -> Any:
        return self.mp.mpf(value.numerator) / value.denominator

    def layers(self) -> tuple[list[Any], list[Any], list[Any]]:
        """h, f'(z_H) and the logits; a sigmoid's second class has the logit 0."""
        mp, net = self.mp, self.network
        h, slope, z_O = [], [], []
        for row, b in zip(net.W_H, net.b_H, strict=True):
            z = sum(w * v for w, v in zip(row, net.x, strict=True)) + b  # in fractions
            value, e = self.number(z), mp.exp(-abs(self.number(z)))
            if net.activation == "sigmoid":
                h.append(1 / (1 + e) if z > 0 else e / (1 + e))
                slope.append(e / (1 + e) ** 2)
            elif net.activation == "tanh":
                h.append(mp.tanh(value))
                slope.append(mp.sech(value) ** 2)
            else:
                on = net.activation == "identity" or z > 0
                h.append(value * on)
                slope.append(mp.mpf(on))
        for row, b in zip(net.W_O, net.b_O, strict=True):
            z_O.append(mp.fdot(map(self.number, row), h) + self.number(b))
        return h, slope, z_O + ([mp.mpf(0)] if net.output == "sigmoid" else [])

    @property
    def target(self) -> int:
        y = self.network.y
        return y.index(1) if self.network.output == "softmax" else int(y[0] == 0)

    def probabilities(self) -> list[Any]:
        powers = [self.mp.exp(z) for z in self.layers()[2]]
        return [power / self.mp.fsum(powers) for power in powers]

    def loss(self) -> Any:
        z = self.layers()[2]
        return self.mp.log(self.mp.fsum(self.mp.exp(v - z[self.target]) for v in z))

    def derivatives(self) -> dict[tuple[str, tuple[int, ...]], Any]:
        """By parameter and index: what a change of the parameter does to the logits, weighted."""
        mp, net = self.mp, self.network
        h, slope, _ = self.layers()
        shares = self.probabilities()

        def change(dz: dict[int, Any]) -> Any:
            return mp.fsum(shares[k] * v for k, v in dz.items()) - dz.get(self.target, 0)

        found = {}
        for i in range(len(h)):
            dz = {k: self.number(row[i]) * slope[i] for k, row in enumerate(net.W_O)}
            found["b_H", (i,)] = change(dz)
            for j, v in enumerate(net.x):
                found["W_H", (i, j)] = change({k: d * self.number(v) for k, d in dz.items()})
        for k in range(len(net.b_O)):
            found["b_O", (k,)] = change({k: mp.mpf(1)})
            found |= {("W_O", (k, j)): change({k: v}) for j, v in enumerate(h)}
        return found
