"""A network of one's own for every student."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import shake_256

import numpy as np

from hw1lib.backprop.judging import NEGLIGIBLE
from hw1lib.backprop.logits import classes
from hw1lib.backprop.mistakes import follow
from hw1lib.backprop.network import CHOICES, Decimal, Matrix, Network, Vector
from hw1lib.course.places import DERIVATIVES, entries
from hw1lib.errors import InputError

ROOM = 4  # units of a layer that a sheet has room for
TENTHS = tuple(n for n in range(-20, 21) if n)  # weights and biases, of which none is 0
INPUTS = tuple(n for n in TENTHS if abs(n) >= 5)
SMALLEST = 0.01  # size of a value that is not 0, so that three decimals show two digits
STEEPEST = 2.5  # size of a pre-activation at which the slope of a tanh is still 0.03
ATTEMPTS = 10_000
EASIEST, HARDEST = 0.3, 4.0  # loss in nats of a prediction that is neither right nor hopeless


@dataclass(frozen=True)
class Design:
    """What all networks of a course have in common.

    Attributes:
        secret: another one gives everybody another network, and who knows it knows them all.
        sizes: units of the three layers: input, hidden, output.
        activation: of the hidden layer.
        output: softmax or sigmoid.

    Raises:
        InputError: no network of this kind is fit for an exercise.
    """

    secret: str
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

    @property
    def off(self) -> int:
        """Hidden units that pass nothing on."""
        return 1 if self.activation == "relu" else 0

    @property
    def level(self) -> int:
        """Hidden units that are on and don't reach the loss, as their outgoing weights are level.

        They are equal, or 0 where there is one output. One unit is left that reaches the loss.
        """
        return 1 if self.sizes[1] - self.off > 1 else 0


def student_network(design: Design, identifier: str) -> Network:
    """The student's network, which follows from the design and the id alone.

    It has what an exercise needs, as `is_exercise` says.

    Raises:
        InputError: none was found.
    """
    for attempt in range(ATTEMPTS):
        network = _draw(design, identifier, attempt)
        if is_exercise(design, network):
            return network
    raise InputError(
        f"No network of sizes {','.join(map(str, design.sizes))} for {identifier} makes a good "
        "exercise; choose other --sizes."
    )


def is_exercise(design: Design, network: Network) -> bool:
    """Whether a network is as difficult as all others, and no answer depends on a convention.

    As many hidden units as the design says are off, and as many are on without reaching the loss.
    No pre-activation is 0 and no two logits are equal. Every asked value that isn't 0 can be
    written in three decimals, a power of e is at least 1, so that it may be rounded, too, and the
    loss is neither small nor large.
    """
    if 0 in network.z_H or sum(not active for active in network.active) != design.off:
        return False
    if network.activation in ("sigmoid", "tanh") and max(map(abs, network.z_H)) > STEEPEST:
        return False
    output = classes(network)
    on = [unit for unit, active in enumerate(network.active) if active]
    if sum(not output.pulls(unit) for unit in on) != design.level:
        return False
    if len(set(output.logits)) < len(output.logits):
        return False
    values = follow(network)
    sizes = np.abs([*entries(values, DERIVATIVES).values()])
    is_seen = np.all((sizes < NEGLIGIBLE) | (sizes >= SMALLEST)) and min(values["y_hat"]) > SMALLEST
    is_steady = network.output == "sigmoid" or max(values["z_O"]) >= 0
    return bool(EASIEST <= values["loss"] <= HARDEST and is_seen and is_steady)


def _draw(design: Design, identifier: str, attempt: int) -> Network:
    """Tenths from a hash, which is the same on every machine and for ever."""
    n, m, k = design.sizes
    text = f"{design.secret} {identifier} {attempt}"
    bytes_ = iter(shake_256(text.encode()).digest(2 * (n + m * n + m + k * m + k + 2)))

    def below(limit: int) -> int:
        return (256 * next(bytes_) + next(bytes_)) % limit

    def vector(size: int, choices: tuple[int, ...] = TENTHS) -> Vector:
        return tuple(Decimal(choices[below(len(choices))], 10) for _ in range(size))

    def matrix(rows: int, columns: int) -> Matrix:
        return tuple(vector(columns) for _ in range(rows))

    x, W_H, b_H, W_O, b_O = vector(n, INPUTS), matrix(m, n), vector(m), matrix(k, m), vector(k)
    if design.level:
        W_O = tuple(_levelled(W_O, below(m)))
    target = below(max(k, 2))
    y = tuple(Fraction(unit == target) for unit in range(k))
    return Network(x, y, W_H, b_H, W_O, b_O, design.activation, design.output)


def _levelled(W_O: Matrix, unit: int) -> Iterator[Vector]:
    """The rows of W_O with the same outgoing weight of a unit in each: 0 if there is but one."""
    weight = W_O[0][unit] if len(W_O) > 1 else Decimal(0)
    for row in W_O:
        yield (*row[:unit], weight, *row[unit + 1 :])
