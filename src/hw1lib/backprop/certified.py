"""Both passes with every number certain, where a zero or a last digit is decided.

The steps of `passes` are taken in intervals that contain the exact values, in as many digits as it
takes. So each number is right to the last digits of a float64, and is 0 only if it is exactly 0 or
smaller than every float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import mpmath
import numpy as np
import torch
from mpmath.ctx_iv import MPIntervalContext, ivmpf
from numpy.typing import NDArray
from torch import Tensor

from hw1lib.backprop.network import PARAMETERS, REQUIRED, Network
from hw1lib.backprop.passes import FORWARD, STEPS, Formula, formulas, take

FEWEST_DIGITS = 50
MORE = 8  # times as many digits where these are too few
# From the logits (@eq-loss-logits): no number of digits shows log(1 - y_hat) of a large logit.
LOSS = {
    "softmax": "log(sum(exp(z_O))) - y @ z_O",
    "sigmoid": "sum(log(1 + exp(z_O))) - y @ z_O",
}
ACCURACY = 1e-15  # the largest relative width of an interval that is rounded to a float64


Intervals: TypeAlias = NDArray[np.object_]  # of mpmath's ivmpf


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
    return Forward(**_certain(network, FORWARD | {"loss": LOSS}, tuple(FORWARD)))


def backward(network: Network) -> Gradients:
    """The backward pass (@eq-delta-o, @eq-grad-o, @eq-grad-hidden, @eq-delta-h, @eq-grad-h).

    Where z_H is 0, the ReLU's slope is 0, as torch has it.
    """
    steps = {name: formula for name, formula in STEPS.items() if name != "loss"}
    names = {"dL_dh": "dL_dh", "slope": "slope"} | {f"d{name}": name for name in PARAMETERS}
    values = _certain(network, steps, tuple(names))
    return Gradients(**{names[step]: value for step, value in values.items()})


class _TooFewDigitsError(Exception):
    """An interval is too wide to be rounded."""


def _certain(
    network: Network, steps: Mapping[str, Formula], wanted: tuple[str, ...]
) -> dict[str, Tensor]:
    """The values that are wanted, in as many digits as it takes to know each number.

    This ends, because an interval around 0 becomes narrower than the smallest float64.
    """
    iv = MPIntervalContext()
    iv.dps = FEWEST_DIGITS
    while True:
        values = _intervals(network, steps, iv)
        try:
            return {name: _rounded(values[name], iv) for name in wanted}
        except _TooFewDigitsError:
            iv.dps *= MORE


def _intervals(
    network: Network, steps: Mapping[str, Formula], iv: MPIntervalContext
) -> dict[str, Intervals]:
    """All values, from the exact z_H, which shows on which side of 0 a ReLU's input lies."""

    def interval(exact: Fraction) -> ivmpf:
        return iv.mpf(exact.numerator) / exact.denominator

    def tanh(z: ivmpf) -> ivmpf:
        return (iv.exp(z) - iv.exp(-z)) / (iv.exp(z) + iv.exp(-z))

    of_fractions = np.frompyfunc(interval, 1, 1)
    given = {name: of_fractions(getattr(network, name)) for name in (*REQUIRED, "z_H")}
    left = [(step, tree) for step, tree in formulas(network, steps) if step not in given]
    functions = {"exp": iv.exp, "log": iv.log, "tanh": tanh}
    entrywise = {name: np.frompyfunc(function, 1, 1) for name, function in functions.items()}
    return take(left, given, entrywise)


def _rounded(values: Intervals, iv: MPIntervalContext) -> Tensor:
    """Intervals as floats, 0 without a sign.

    Raises:
        _TooFewDigitsError: an interval has ends that are too far apart for that.
    """

    def nearest(value: ivmpf) -> float:
        ends = iv.convert(value)
        low, high = float(mpmath.mpf(ends.a)), float(mpmath.mpf(ends.b))
        if low != high and not high - low <= ACCURACY * min(abs(low), abs(high)):
            raise _TooFewDigitsError
        return low + 0.0

    return torch.tensor(np.asarray(np.frompyfunc(nearest, 1, 1)(values), dtype=float))
