"""The same derivatives by computer algebra: exact numbers in, exact numbers out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy
from sympy import Expr, Matrix, Symbol

from hw1lib.backprop.network import READABLE, Network

DIGITS = 50


def activation(name: str, z: Expr) -> Expr:
    """The activation as an expression of z; the ReLU's slope at 0 is 0, as torch has it."""
    forms: dict[str, Expr] = {
        "relu": sympy.Piecewise((z, z > 0), (0, True)),
        "sigmoid": 1 / (1 + sympy.exp(-z)),
        "tanh": sympy.tanh(z),
        "identity": z,
    }
    return forms[name]


def prediction(output: str, z_O: Matrix) -> Matrix:
    """Softmax or sigmoid of the (k, 1) logits (@eq-prediction)."""
    powers = z_O.applyfunc(sympy.exp)
    return (
        powers / sympy.Add(*powers)
        if output == "softmax"
        else powers.applyfunc(lambda p: p / (1 + p))
    )


def cross_entropy(output: str, y: Matrix, z_O: Matrix) -> Expr:
    """-sum y log(y_hat) from the (k, 1) logits, the sigmoid's second class included (@eq-loss)."""
    if output == "softmax":
        return sympy.log(sympy.Add(*map(sympy.exp, z_O))) - y.dot(z_O)
    return sympy.log(1 + sympy.exp((1 - 2 * y[0]) * z_O[0]))


@dataclass(frozen=True)
class SymbolicNetwork:
    """Forward pass and derivatives of a network as exact expressions.

    A parameter reaches the loss through one unit only. So the loss is written as an expression of
    that unit's value alone, differentiated by sympy through all that follows, and multiplied by
    the slope of the activation and by what the parameter multiplies.

    Values are exact where every layer has at most `READABLE` units; beyond that nobody would read
    them, and they are kept to `DIGITS` decimal digits. There sympy differentiates in the logits
    only, and the way from them to the hidden units is the chain rule: else it would take a minute.
    """

    network: Network

    @property
    def is_exact(self) -> bool:
        """Whether values are exact rather than to `DIGITS` digits."""
        return max(self.network.sizes) <= READABLE

    @cached_property
    def z_H(self) -> Matrix:
        """(m, 1) pre-activations of the hidden layer."""
        return self.network.exact("W_H") * self.network.exact("x") + self.network.exact("b_H")

    @cached_property
    def h(self) -> Matrix:
        """(m, 1) activations of the hidden layer."""
        h = self.z_H.applyfunc(lambda z: activation(self.network.activation, z))
        return h if self.is_exact else h.evalf(DIGITS)

    @cached_property
    def z_O(self) -> Matrix:
        """(k, 1) logits."""
        return self.network.exact("W_O") * self.h + self.network.exact("b_O")

    @cached_property
    def y_hat(self) -> Matrix:
        """(k, 1) prediction."""
        return prediction(self.network.output, self.z_O)

    @cached_property
    def loss(self) -> Expr:
        """Cross-entropy in nats."""
        return self._loss(self.z_O)

    def loss_of_hidden(self, unit: int, h: Symbol) -> Expr:
        """The loss as an expression of the activation h of one hidden unit (from 0)."""
        change = h - self.h[unit]
        return self._loss(self.z_O + self.network.exact("W_O")[:, unit] * change)

    def loss_of_output(self, unit: int, z: Symbol) -> Expr:
        """The loss as an expression of one logit z (from 0)."""
        z_O = self.z_O.copy()
        z_O[unit] = z
        return self._loss(z_O)

    @cached_property
    def delta_H(self) -> Matrix:
        """(m, 1) derivatives of the loss in z_H."""
        z, h = Symbol("z"), Symbol("h")
        slope = activation(self.network.activation, z).diff(z)
        slopes = self.z_H.applyfunc(lambda value: slope.subs(z, value))
        if self.is_exact:
            derivatives = [
                self.loss_of_hidden(i, h).diff(h).subs(h, value) for i, value in enumerate(self.h)
            ]
        else:
            derivatives = list(self.network.exact("W_O").T * self.delta_O)
        return Matrix(derivatives).multiply_elementwise(slopes)

    @cached_property
    def delta_O(self) -> Matrix:
        """(k, 1) derivatives of the loss in z_O."""
        z = Symbol("z")
        return Matrix(
            [self.loss_of_output(i, z).diff(z).subs(z, value) for i, value in enumerate(self.z_O)]
        )

    def gradient(self, parameter: str) -> Matrix:
        """The derivatives in W_H, b_H, W_O or b_O, in the parameter's shape."""
        return {
            "W_H": lambda: self.delta_H * self.network.exact("x").T,
            "b_H": lambda: self.delta_H,
            "W_O": lambda: self.delta_O * self.h.T,
            "b_O": lambda: self.delta_O,
        }[parameter]()

    def _loss(self, z_O: Matrix) -> Expr:
        return cross_entropy(self.network.output, self.network.exact("y"), z_O)
