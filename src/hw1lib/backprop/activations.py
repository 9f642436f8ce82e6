"""The activations and their slopes (@eq-forward, @eq-delta-h): in LaTeX, torch and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from mpmath.ctx_iv import MPIntervalContext

Interval: TypeAlias = Any  # mpmath is not annotated
Formula: TypeAlias = Callable[[Interval, MPIntervalContext], Interval]


@dataclass(frozen=True)
class Activation:
    """An activation f and its slope f'.

    Attributes:
        latex: f(z) in LaTeX.
        latex_slope: f'(z) in LaTeX.
        code: the definitions of f and slope in torch, as chapter 1 shows and runs them.
        value: gives an interval that contains f(z), from one that contains z and its context.
        slope: does the same for f'(z). Both are those of a ReLU that is on; off, they are 0.
    """

    latex: str
    latex_slope: str
    code: str
    value: Formula
    slope: Formula


CODE = """\
f = torch.{f}

def slope(z):
    return {slope}"""

FUNCTIONS = {
    "relu": Activation(
        r"\max(0, z)",
        r"\begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
        CODE.format(f="relu", slope="(z > 0).double()"),
        lambda z, iv: z,
        lambda z, iv: iv.mpf(1),
    ),
    "sigmoid": Activation(
        r"\frac{1}{1 + e^{-z}}",
        r"f(z) \, (1 - f(z))",
        CODE.format(f="sigmoid", slope="f(z) * f(-z)"),
        lambda z, iv: 1 / (1 + iv.exp(-z)),
        lambda z, iv: 1 / ((1 + iv.exp(-z)) * (1 + iv.exp(z))),
    ),
    "tanh": Activation(
        r"\tanh z",
        r"1 - f(z)^2",
        CODE.format(f="tanh", slope="1 - f(z) ** 2"),
        lambda z, iv: (iv.exp(z) - iv.exp(-z)) / (iv.exp(z) + iv.exp(-z)),
        lambda z, iv: 4 / (iv.exp(z) + iv.exp(-z)) ** 2,
    ),
    "identity": Activation(
        "z",
        "1",
        CODE.format(f="clone", slope="torch.ones_like(z)"),
        lambda z, iv: z,
        lambda z, iv: iv.mpf(1),
    ),
}
