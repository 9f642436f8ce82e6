"""Finds the derivatives that are zero, and says why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from sympy import Expr

from hw1lib.backprop.check import GradientCheck
from hw1lib.backprop.network import PARAMETERS

MANY = 8  # derivatives that a sentence lists before it counts the rest
NEGLIGIBLE = 1e-40  # a derivative computed to 50 digits that is smaller is zero


@dataclass(frozen=True)
class Cause:
    """Why a derivative vanishes.

    Attributes:
        kind: inactive, kink, silent, flat, cancelling, input, saturated, single or tiny.
        unit: the unit it is about, counted from 0 (0 where it is about none).
    """

    kind: str
    unit: int = 0

    @property
    def reason(self) -> str:
        """The cause as a clause; units are counted from 1."""
        return REASONS[self.kind].format(unit=self.unit + 1)


REASONS = {
    "inactive": "hidden unit {unit} is inactive (its pre-activation is negative, so the ReLU "
    "passes neither the value nor the derivative on)",
    "kink": "hidden unit {unit} sits exactly at the ReLU's kink (its pre-activation is 0, where "
    "the derivative is taken to be 0, as torch does)",
    "silent": "hidden unit {unit} has the activation 0",
    "flat": "hidden unit {unit} is saturated (the slope of its activation is 0 in double "
    "precision)",
    "cancelling": "what hidden unit {unit} contributes to the loss through the outputs cancels",
    "input": "input {unit} is 0",
    "saturated": "output {unit} is saturated (the prediction equals the target to machine "
    "precision)",
    "single": "there is one class only, so the prediction is always right",
    "tiny": "the derivative is smaller than double precision can hold",
}


@dataclass(frozen=True)
class Zero:
    """One derivative that is zero; `index` counts from 0."""

    parameter: str
    index: tuple[int, ...]
    causes: tuple[Cause, ...]

    @property
    def reason(self) -> str:
        """All causes in one clause."""
        return "; and ".join(cause.reason for cause in self.causes)


def find_zeros(check: GradientCheck) -> list[Zero]:
    """Every zero derivative with its causes (@sec-zeros), in the order W_H, b_H, W_O, b_O.

    A derivative counts as zero if it is so exactly (to 50 digits) or in double precision.
    """
    causes = _Causes(check)
    zeros = []
    for parameter in PARAMETERS:
        gradient = getattr(check.by_hand, parameter)
        for index in product(*map(range, gradient.shape)):
            found = causes.of(parameter, index)
            if found or float(gradient[index]) == 0.0:
                zeros.append(Zero(parameter, index, found or (Cause("tiny"),)))
    return zeros


class _Causes:
    """What makes each factor of the chain rule vanish."""

    def __init__(self, check: GradientCheck) -> None:
        network = check.network
        self.network, self.values = network, check.values
        self.delta_H = [_vanishes(delta) for delta in check.symbolic.delta_H]
        self.inputs = [
            tuple([Cause("input", j)] if x == 0 else []) for j, x in enumerate(network.x)
        ]
        units = range(len(network.b_H))
        self.activations = [tuple(self._of_activation(i)) for i in units]
        self.outputs = [tuple(self._of_output(i)) for i in range(len(network.b_O))]
        self.hidden = [tuple(self._of_hidden(i)) for i in units]

    def of(self, parameter: str, index: tuple[int, ...]) -> tuple[Cause, ...]:
        """The causes for one derivative: those of its two factors."""
        unit = index[0]
        if parameter == "W_H":
            return self.hidden[unit] + self.inputs[index[1]]
        if parameter == "W_O":
            return self.activations[index[1]] + self.outputs[unit]
        return self.hidden[unit] if parameter == "b_H" else self.outputs[unit]

    def _of_activation(self, unit: int) -> Iterable[Cause]:
        """h = 0."""
        if float(self.values.h[unit]) == 0.0:
            dead = list(self._off(unit))
            yield from dead or [Cause("silent", unit)]

    def _off(self, unit: int) -> Iterable[Cause]:
        """A ReLU that is off."""
        if self.network.activation == "relu":
            z = float(self.values.z_H[unit])
            if z <= 0:
                yield Cause("inactive" if z < 0 else "kink", unit)

    def _of_hidden(self, unit: int) -> Iterable[Cause]:
        """delta_H = 0: the slope or the sum over the outputs vanishes."""
        off = list(self._off(unit))
        yield from off
        if off:
            return
        h = float(self.values.h[unit])
        if (self.network.activation, abs(h)) in {("tanh", 1.0), ("sigmoid", 1.0), ("sigmoid", 0.0)}:
            yield Cause("flat", unit)
        elif all(self.outputs):
            yield from dict.fromkeys(cause for causes in self.outputs for cause in causes)
        elif self.delta_H[unit]:
            yield Cause("cancelling", unit)

    def _of_output(self, unit: int) -> Iterable[Cause]:
        """delta_O = 0."""
        if self.network.output == "softmax" and len(self.network.b_O) == 1:
            yield Cause("single")
        elif float(self.values.y_hat[unit]) == float(self.network.y[unit]):
            yield Cause("saturated", unit)


def _vanishes(value: Expr) -> bool:
    """Whether an exact derivative is zero."""
    return bool(value == 0) or abs(value.evalf(50, chop=NEGLIGIBLE)) < NEGLIGIBLE


def explain_zeros(zeros: list[Zero], total: int) -> str:
    """@sec-zeros as Markdown: a paragraph, and a list item for each cause.

    Args:
        zeros: what `find_zeros` found.
        total: the number of derivatives in all.
    """
    if not zeros:
        return (
            f"No. None of the {total} derivatives is zero: every input and every activation "
            "differs from 0, and no factor of the chain rule vanishes."
        )
    count = "One" if len(zeros) == 1 else f"{len(zeros)}"
    causes = dict.fromkeys(cause for zero in zeros for cause in zero.causes)
    items = [f"* {_sentence(cause, zeros)}" for cause in causes]
    intro = f"Yes. {count} of the {total} derivatives {_are(zeros)} zero, for the reason" + (
        "s given here:" if len(causes) > 1 else " given here:"
    )
    return "\n".join([intro, "", *items])


def zeros_in_short(before: list[Zero], after: list[Zero]) -> str:
    """Which zeros vanish and which appear from one network to another (@sec-what-if).

    Args:
        before: what `find_zeros` found in the one.
        after: and in the other.

    Returns:
        A sentence or two as Markdown.
    """
    old, new = ({(zero.parameter, zero.index): zero for zero in zs} for zs in (before, after))
    gone = [_symbol(zero) for key, zero in old.items() if key not in new]
    come = [_symbol(zero) for key, zero in new.items() if key not in old]
    sentences = []
    if gone:
        sentences.append(f"No longer zero {_are(gone)} {_listed(gone)}.")
    if come:
        sentences.append(f"Newly zero {_are(come)} {_listed(come)}.")
    return " ".join(sentences) or "The zeros stay the same."


def _are(entries: Sequence[object]) -> str:
    return "is" if len(entries) == 1 else "are"


def _sentence(cause: Cause, zeros: list[Zero]) -> str:
    """A cause, and the derivatives that it makes zero."""
    entries = [_symbol(zero) for zero in zeros if cause in zero.causes]
    reason = cause.reason[0].upper() + cause.reason[1:]
    return f"{reason}. Hence {_listed(entries)} {_are(entries)} zero."


def _symbol(zero: Zero) -> str:
    """The derivative in LaTeX; indices count from 1."""
    letter, layer = zero.parameter.split("_")
    index = ",".join(str(i + 1) for i in zero.index)
    return rf"$\partial L / \partial ({letter}_{layer})_{{{index}}}$"


def _listed(entries: list[str]) -> str:
    """All of a few entries; of many the first ones and a count."""
    if len(entries) > MANY:
        return f"{', '.join(entries[:MANY])} and {len(entries) - MANY} more"
    return " and ".join(filter(None, [", ".join(entries[:-1]), entries[-1]]))
