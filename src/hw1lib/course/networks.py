"""A network of one's own for every student."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from hashlib import shake_256
from itertools import islice

import numpy as np

from hw1lib.backprop.judging import NEGLIGIBLE
from hw1lib.backprop.logits import classes
from hw1lib.backprop.mistakes import follow
from hw1lib.backprop.network import CHOICES, Matrix, Network, Vector
from hw1lib.course.places import DERIVATIVES, entries
from hw1lib.errors import InputError

ROOM = 4  # units of a layer that a sheet has room for
NUMBERS = tuple(map(Fraction, range(-3, 4)))  # weights, biases and inputs
SMALLEST = 0.001  # size of a value that is not 0
STEEPEST = 4  # size of a pre-activation at which the slope of a tanh is still 0.001
ATTEMPTS = 10_000
EASIEST, HARDEST = 0.3, 4.0  # loss in nats of a prediction that is neither right nor hopeless


@dataclass(frozen=True)
class Design:
    """What all networks of a course have in common.

    Attributes:
        seed: another one gives everybody another network.
        sizes: units of the three layers: input, hidden, output.
        activation: of the hidden layer.
        output: softmax or sigmoid.

    Raises:
        InputError: no network of this kind is fit for an exercise.
    """

    seed: int
    sizes: tuple[int, ...]
    activation: str = "relu"
    output: str = "softmax"

    def __post_init__(self) -> None:
        if not all(1 <= size <= ROOM for size in self.sizes):
            raise InputError(f"--sizes must be 1 to {ROOM}, which is what a sheet has room for.")
        if self.activation == "relu" and self.sizes[1] < 2:
            raise InputError(
                "--sizes needs two hidden units: a ReLU that is on and one that is off."
            )
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"--{name} must be one of {', '.join(allowed)}.")
        if (self.sizes[2] == 1) != (self.output == "sigmoid"):
            raise InputError(
                f"--sizes has {self.sizes[2]} output units; sigmoid takes one, and softmax two or "
                "more."
            )


def student_network(design: Design, identifier: str) -> Network:
    """The student's network, which follows from the design and the id alone.

    It has what an exercise needs: a ReLU that is on and one that is off, a derivative that is zero
    for another reason, one that reaches the hidden layer and is not, no ties (no pre-activation at
    the ReLU's kink, no two equal logits), a loss that is neither small nor large, and no numbers
    that four decimals can't show.

    Raises:
        InputError: none was found.
    """
    for attempt in range(ATTEMPTS):
        network = _draw(design, identifier, attempt)
        if is_exercise(network):
            return network
    raise InputError(
        f"No network of sizes {','.join(map(str, design.sizes))} for {identifier} makes a good "
        "exercise; choose other --sizes."
    )


def is_exercise(network: Network) -> bool:
    """Whether a network has all that `student_network` promises."""
    if network.activation == "relu" and (0 in network.z_H or len(set(network.active)) == 1):
        return False
    if network.activation in ("sigmoid", "tanh") and max(map(abs, network.z_H)) > STEEPEST:
        return False
    output = classes(network)
    on = [unit for unit, active in enumerate(network.active) if active]
    reached = [unit for unit in on if output.pulls(unit)]
    is_silent = network.activation != "sigmoid" and 0 in network.z_H
    has_other_zero = is_silent or 0 in network.x or len(reached) < len(on)
    is_tied = len(set(output.logits)) < len(output.logits)
    if not reached or not has_other_zero or is_tied:
        return False
    values = follow(network)
    sizes = np.abs([*entries(values, DERIVATIVES).values()])
    is_sure = np.min(values["y_hat"]) < SMALLEST
    is_seen = np.all((sizes < NEGLIGIBLE) | (sizes >= SMALLEST))
    return bool(EASIEST <= values["loss"] <= HARDEST and is_seen and not is_sure)


def _draw(design: Design, identifier: str, attempt: int) -> Network:
    """Small whole numbers from a hash, which is the same on every machine and for ever."""
    n, m, k = design.sizes
    text = f"{design.seed} {identifier} {attempt}"
    numbers = iter(shake_256(text.encode()).digest(n + m * n + m + k * m + k + 1))

    def vector(size: int) -> Vector:
        return tuple(NUMBERS[number % len(NUMBERS)] for number in islice(numbers, size))

    def matrix(rows: int, columns: int) -> Matrix:
        return tuple(vector(columns) for _ in range(rows))

    x, W_H, b_H, W_O, b_O = vector(n), matrix(m, n), vector(m), matrix(k, m), vector(k)
    target = next(numbers) % max(k, 2)
    y = tuple(Fraction(unit == target) for unit in range(k))
    return Network(x, y, W_H, b_H, W_O, b_O, design.activation, design.output)
