"""Forward and backward pass by hand, step for step as chapter 1 writes them.

Each number is right to the last digits of a float64, and is 0 only if it is exactly 0 or smaller
than every float64: the passes compute with intervals that contain the exact values, in as many
digits as that takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath
import torch
from mpmath.ctx_iv import MPIntervalContext
from torch import Tensor

from hw1lib.backprop.activations import FUNCTIONS, Formula, Interval
from hw1lib.backprop.exact import Classes, Logit, classes
from hw1lib.backprop.network import PARAMETERS, Network

Nested: TypeAlias = Any  # intervals or floats, alone or in nested lists
Values: TypeAlias = dict[str, Nested]

FEWEST_DIGITS = 50
ACCURACY = 1e-15  # the largest relative width of an interval that is rounded to a float64
SMALL = 1e-20  # below this, u and log(1 + u) are the same float64


@dataclass(frozen=True)
class Forward:
    """All values of the forward pass, in float64.

    Attributes:
        z_H: (m,) pre-activations of the hidden layer.
        h: (m,) its activations.
        z_O: (k,) logits.
        y_hat: (k,) prediction.
        loss: () cross-entropy in nats.
    """

    z_H: Tensor
    h: Tensor
    z_O: Tensor
    y_hat: Tensor
    loss: Tensor


@dataclass(frozen=True)
class Gradients:
    """The loss's derivatives, in float64, each with the shape of its parameter.

    Attributes:
        dL_dh: (m,) derivatives with respect to the activations h.
        slope: (m,) f'(z_H).
        W_O: (k, m) derivatives with respect to W_O.
        b_O: (k,) derivatives with respect to b_O, which are delta_O.
        W_H: (m, n) derivatives with respect to W_H.
        b_H: (m,) derivatives with respect to b_H, which are delta_H.
    """

    dL_dh: Tensor
    slope: Tensor
    W_O: Tensor
    b_O: Tensor
    W_H: Tensor
    b_H: Tensor

    @property
    def total(self) -> int:
        """The number of derivatives with respect to parameters."""
        return sum(getattr(self, name).numel() for name in PARAMETERS)


def forward(network: Network) -> Forward:
    """The forward pass (@eq-forward, @eq-prediction, @eq-loss)."""
    return Forward(**_certain(network, _forward))


def backward(network: Network) -> Gradients:
    """The backward pass (@eq-delta-o, @eq-grad-o, @eq-grad-hidden, @eq-delta-h, @eq-grad-h).

    Where z_H is 0, the ReLU's slope is 0, as torch has it.
    """
    return Gradients(**_certain(network, _backward))


def _forward(network: Network, iv: MPIntervalContext) -> Values:
    """The values of the forward pass as intervals."""
    output = classes(network)
    z_O = _logits(output, iv)
    powers = {logit: iv.exp(z) for logit, z in z_O.items()}
    others = _sum((powers[logit] for logit in output.others), iv)
    total = powers[output.logits[output.target]] + others
    logits = output.logits[: len(network.b_O)]
    return {
        "z_H": [_exact(z, iv) for z in network.z_H],
        "h": _hidden(network, FUNCTIONS[network.activation].value, iv),
        "z_O": [z_O[logit] for logit in logits],
        "y_hat": [powers[logit] / total for logit in logits],
        "loss": _log_of_one_plus(others / powers[output.logits[output.target]], iv),
    }


def _backward(network: Network, iv: MPIntervalContext) -> Values:
    """The derivatives as intervals."""
    f = FUNCTIONS[network.activation]
    h, slope = _hidden(network, f.value, iv), _hidden(network, f.slope, iv)
    x = [_exact(v, iv) for v in network.x]
    delta_O, dL_dh = _errors(network, iv)
    delta_H = [d * s for d, s in zip(dL_dh, slope, strict=True)]
    return {
        "dL_dh": dL_dh,
        "slope": slope,
        "W_O": [[d * v for v in h] for d in delta_O],
        "b_O": delta_O,
        "W_H": [[d * v for v in x] for d in delta_H],
        "b_H": delta_H,
    }


def _errors(network: Network, iv: MPIntervalContext) -> tuple[list[Interval], list[Interval]]:
    """delta_O = y_hat - y and W_O^T delta_O.

    The error at the target is minus what the other classes get, which avoids a difference of two
    numbers close to 1. W_O^T delta_O is written as a sum that has no terms where it is exactly 0
    (`Classes.pulls`).
    """
    output = classes(network)
    powers = {logit: iv.exp(z) for logit, z in _logits(output, iv).items()}
    others = _sum((powers[logit] for logit in output.others), iv)
    total = powers[output.logits[output.target]] + others
    errors = [powers[logit] / total for logit in output.logits]
    errors[output.target] = -others / total
    dL_dh = [
        _sum((_exact(c, iv) * powers[z] for z, c in output.pulls(j).items()), iv) / total
        for j in range(len(network.b_H))
    ]
    return errors[: len(network.b_O)], dL_dh


def _hidden(network: Network, formula: Formula, iv: MPIntervalContext) -> list[Interval]:
    """Activation or slope of each hidden unit; exactly 0 for those that are off."""
    units = zip(network.z_H, network.active, strict=True)
    return [formula(_exact(z, iv), iv) if active else iv.mpf(0) for z, active in units]


def _logits(output: Classes, iv: MPIntervalContext) -> dict[Logit, Interval]:
    """The value of each distinct logit."""
    arguments = {a for logit in output.logits for a, _ in logit.waves}
    tanh = {a: FUNCTIONS["tanh"].value(_exact(a, iv), iv) for a in arguments}
    return {
        logit: _sum((_exact(c, iv) * tanh[a] for a, c in logit.waves), iv)
        + _exact(logit.constant, iv)
        for logit in output.logits
    }


def _log_of_one_plus(u: Interval, iv: MPIntervalContext) -> Interval:
    """log(1 + u) for u >= 0, which lies between u - u^2 / 2 and u."""
    return u * iv.mpf([1 - SMALL, 1]) if u.b < SMALL else iv.log(1 + u)


def _exact(value: Fraction, iv: MPIntervalContext) -> Interval:
    return iv.mpf(value.numerator) / value.denominator


def _sum(intervals: Iterable[Interval], iv: MPIntervalContext) -> Interval:
    return sum(intervals, iv.mpf(0))


class _TooFewDigitsError(Exception):
    """An interval is too wide to be rounded."""


def _certain(
    network: Network, evaluate: Callable[[Network, MPIntervalContext], Values]
) -> dict[str, Tensor]:
    """What `evaluate` gives as tensors, in as many digits as it takes to know each number.

    This ends, because an interval around 0 becomes narrower than the smallest float64.
    """
    iv = MPIntervalContext()
    iv.dps = FEWEST_DIGITS
    while True:
        try:
            values = {name: _rounded(value) for name, value in evaluate(network, iv).items()}
        except _TooFewDigitsError:
            iv.dps *= 2
        else:
            return {n: torch.tensor(value, dtype=torch.float64) for n, value in values.items()}


def _rounded(value: Nested) -> Nested:
    """Intervals in nested lists as floats, 0 without a sign."""
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    low, high = float(mpmath.mpf(value.a)), float(mpmath.mpf(value.b))
    if low != high and not abs(high - low) <= ACCURACY * min(abs(low), abs(high)):
        raise _TooFewDigitsError
    return low + 0.0
