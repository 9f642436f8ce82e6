"""Finds the derivatives that are zero, and why each is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import product

from hw1lib.backprop.certified import Forward, Gradients
from hw1lib.backprop.logits import Classes, classes
from hw1lib.backprop.network import PARAMETERS, Network


class Kind(Enum):
    """What makes a derivative zero, as a clause; of the last four it is zero only if rounded."""

    INACTIVE = "hidden unit {unit} is off: its pre-activation is negative"
    KINK = (
        "hidden unit {unit} is at the ReLU's kink: its pre-activation is exactly 0, where the "
        "slope is 0 by convention"
    )
    SILENT = "the activation of hidden unit {unit} is 0"
    INPUT = "input {unit} is 0"
    DISCONNECTED = "all outgoing weights of hidden unit {unit} are 0, so it does not reach the loss"
    EQUAL = (
        "the outgoing weights of hidden unit {unit} are equal, so it shifts all logits alike, "
        "which leaves the softmax unchanged"
    )
    CANCELLING = "what hidden unit {unit} contributes through the outputs cancels"
    SINGLE = "there is only one class, so the prediction is always right"
    SATURATED = (
        "output {unit} is saturated: its error is not 0, but smaller than double precision can hold"
    )
    FLAT = (
        "hidden unit {unit} is saturated: the slope of its activation is not 0, but smaller than "
        "double precision can hold"
    )
    FAINT = (
        "the activation of hidden unit {unit} is not 0, but smaller than double precision can hold"
    )
    TINY = "the derivative is not 0, but smaller than double precision can hold"


@dataclass(frozen=True)
class Cause:
    """Why a derivative is zero.

    Attributes:
        kind: what makes it so.
        unit: the input, hidden unit or output that it is about, from 0; 0 where it is about none.
    """

    kind: Kind
    unit: int = 0

    @property
    def reason(self) -> str:
        """The cause as a clause; units are counted from 1."""
        return self.kind.value.format(unit=self.unit + 1)


@dataclass(frozen=True)
class Zero:
    """One derivative that is zero.

    Attributes:
        parameter: one of `PARAMETERS`.
        index: of the entry, from 0.
        causes: why; each alone is enough.
    """

    parameter: str
    index: tuple[int, ...]
    causes: tuple[Cause, ...]

    @property
    def reason(self) -> str:
        """All causes in one clause."""
        return "; and ".join(cause.reason for cause in self.causes)


def find_zeros(network: Network, values: Forward, gradients: Gradients) -> list[Zero]:
    """Every zero derivative with its causes (@sec-zeros), in the order of `PARAMETERS`.

    In `gradients` a derivative is 0 if and only if it is exactly 0 or smaller than every float64.
    """
    shared, units = classes(network), range(len(network.b_H))
    hidden = [tuple(_of_hidden(network, shared, gradients, i)) for i in units]
    activation = [tuple(_of_activation(network, values, j)) for j in units]
    output = [tuple(_of_output(shared, gradients, k)) for k in range(len(network.b_O))]
    inputs = [(Cause(Kind.INPUT, j),) if x == 0 else () for j, x in enumerate(network.x)]
    causes: dict[str, Callable[..., tuple[Cause, ...]]] = {  # those of a derivative's factors
        "W_H": lambda end, start: hidden[end] + inputs[start],
        "b_H": lambda end: hidden[end],
        "W_O": lambda end, start: activation[start] + output[end],
        "b_O": lambda end: output[end],
    }
    return [
        Zero(parameter, index, causes[parameter](*index) or (Cause(Kind.TINY),))
        for parameter in PARAMETERS
        for index in product(*map(range, getattr(gradients, parameter).shape))
        if getattr(gradients, parameter)[index] == 0
    ]


def _off(network: Network, unit: int) -> Iterator[Cause]:
    """A ReLU that passes nothing on."""
    if not network.active[unit]:
        yield Cause(Kind.INACTIVE if network.z_H[unit] < 0 else Kind.KINK, unit)


def _of_activation(network: Network, values: Forward, unit: int) -> Iterator[Cause]:
    """Why h is 0; at a ReLU's kink it is, whatever the slope is said to be there."""
    if values.h[unit] != 0:
        return
    if network.z_H[unit] == 0:
        yield Cause(Kind.SILENT, unit)
    else:
        yield Cause(Kind.FAINT if network.active[unit] else Kind.INACTIVE, unit)


def _of_output(output: Classes, gradients: Gradients, unit: int) -> Iterator[Cause]:
    """Why delta_O is 0."""
    if len(output.logits) == 1:
        yield Cause(Kind.SINGLE)
    elif gradients.b_O[unit] == 0:
        yield Cause(Kind.SATURATED, unit)


def _of_hidden(
    network: Network, output: Classes, gradients: Gradients, unit: int
) -> Iterator[Cause]:
    """Why delta_H is 0: the unit is off, what it contributes cancels, or a factor is too small."""
    weights = {row[unit] for row in output.weights}
    reached = [k for k, row in enumerate(network.W_O) if row[unit] != 0]
    if not network.active[unit]:
        yield from _off(network, unit)
    elif len(output.logits) == 1:
        yield Cause(Kind.SINGLE)
    elif weights == {0}:
        yield Cause(Kind.DISCONNECTED, unit)
    elif not output.pulls(unit):
        yield Cause(Kind.EQUAL if len(weights) == 1 else Kind.CANCELLING, unit)
    elif gradients.slope[unit] == 0:
        yield Cause(Kind.FLAT, unit)
    elif all(gradients.b_O[k] == 0 for k in reached):
        yield from (Cause(Kind.SATURATED, k) for k in reached)
    elif gradients.b_H[unit] == 0:
        yield Cause(Kind.TINY)
