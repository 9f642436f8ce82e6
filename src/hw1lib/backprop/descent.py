"""Gradient descent on the one example: which zero derivatives last, and which pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from torch import Tensor

from hw1lib.backprop.certified import backward
from hw1lib.backprop.network import Matrix, Network, Vector
from hw1lib.backprop.zeros import Kind, Zero

FIXED = "its incoming weights and its bias do not change"
STILL = "what makes {them} zero still holds"
ENDED = "what made {them} zero no longer holds"
TOO_SMALL = "a derivative that rounds to 0 moves nothing"
# What keeps a derivative at zero: no step changes it.
LASTING = {
    Kind.INACTIVE: f"a unit that is off stays off, since {FIXED}",
    Kind.KINK: f"a unit at the kink stays there, since {FIXED}",
    Kind.INPUT: "an input of 0 stays 0",
    Kind.SINGLE: "with a single class there is nothing to learn",
    **dict.fromkeys((Kind.SATURATED, Kind.FLAT, Kind.FAINT, Kind.TINY), TOO_SMALL),
}
# What a step usually ends, since it changes these weights and biases.
PASSING = {
    Kind.EQUAL: "outgoing weights that were equal have changed by different amounts",
    Kind.CANCELLING: "outgoing weights have changed by different amounts, and no longer cancel",
    Kind.DISCONNECTED: "outgoing weights that were 0 have changed",
    Kind.SILENT: "an activation that was 0 has changed with its unit's bias",
}


def gradient_step(network: Network, rate: float) -> Network:
    """The network after one step of plain gradient descent on its example, without rounding."""
    gradients, exact_rate = backward(network), Fraction(rate)

    def vector(numbers: Vector, derivatives: Tensor) -> Vector:
        pairs = zip(numbers, derivatives.tolist(), strict=True)
        return tuple(Fraction(number) - exact_rate * Fraction(slope) for number, slope in pairs)

    def matrix(rows: Matrix, derivatives: Tensor) -> Matrix:
        return tuple(vector(row, slopes) for row, slopes in zip(rows, derivatives, strict=True))

    return replace(
        network,
        W_H=matrix(network.W_H, gradients.W_H),
        b_H=vector(network.b_H, gradients.b_H),
        W_O=matrix(network.W_O, gradients.W_O),
        b_O=vector(network.b_O, gradients.b_O),
    )


@dataclass(frozen=True)
class Fate:
    """What one step of gradient descent makes of the zero derivatives.

    Attributes:
        rate: the learning rate.
        lasting: those that are still zero after the step.
        passing: the others.
    """

    rate: float
    lasting: tuple[Zero, ...]
    passing: tuple[Zero, ...]

    def in_short(self) -> str:
        """How many last, as a sentence; empty without zeros."""
        left, total = len(self.lasting), len(self.lasting) + len(self.passing)
        if total == 0:
            return ""
        if total == 1:
            result = "it is still zero" if left else "it is no longer zero"
        elif left == total:
            result = f"{'both' if total == 2 else f'all {total}'} are still zero"
        elif left == 0:
            result = f"{'neither' if total == 2 else f'none of the {total}'} is zero any more"
        else:
            result = f"{left} of the {total} {'is' if left == 1 else 'are'} still zero"
        return f"After one step of gradient descent, {result}."

    def in_words(self) -> str:
        """How many last, and why these last and the others pass; empty without zeros."""
        if not self.in_short():
            return ""
        told = f"{self.in_short()[:-1]} (learning rate {self.rate:g})"
        stay, go = _why(self.lasting, LASTING, STILL), _why(self.passing, PASSING, ENDED)
        if stay and go:
            others = "The other is not" if len(self.passing) == 1 else "The others are not"
            return f"{told}: {stay}. {others}: {go}."
        return f"{told}: {stay or go}."


def fate_of(network: Network, zeros: Sequence[Zero], rate: float) -> Fate:
    """Takes one step of gradient descent, and looks which of the zeros are left (@sec-zeros)."""
    after = backward(gradient_step(network, rate))
    is_left = [bool(getattr(after, zero.parameter)[zero.index] == 0) for zero in zeros]
    pairs = list(zip(zeros, is_left, strict=True))
    return Fate(
        rate,
        tuple(zero for zero, left in pairs if left),
        tuple(zero for zero, left in pairs if not left),
    )


def _why(zeros: Sequence[Zero], reasons: dict[Kind, str], otherwise: str) -> str:
    """The reasons of some zeros in one clause; `otherwise` where one of them has none."""
    pronoun = "it" if len(zeros) == 1 else "them"
    clauses = dict.fromkeys(_reason(zero, reasons, otherwise) for zero in zeros)
    return ", and ".join(clause.format(them=pronoun) for clause in clauses)


def _reason(zero: Zero, reasons: dict[Kind, str], otherwise: str) -> str:
    """The reason of the first cause that has one."""
    return next((reasons[cause.kind] for cause in zero.causes if cause.kind in reasons), otherwise)
