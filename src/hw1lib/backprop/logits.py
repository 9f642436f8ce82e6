"""The output layer without rounding: which logits are equal, and which sums of errors are 0."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from hw1lib.backprop.network import Matrix, Network

NOTHING = Fraction(0)


@dataclass(frozen=True)
class Logit:
    """A logit as constant + the sum of c * tanh(a) over the pairs (a, c) of `waves`, with a > 0.

    Two logits are equal if and only if their constants and waves are. For 1 and tanh(a) of
    distinct positive rational a are linearly independent over the rationals: put t = e^r with a
    rational r of which all a are multiples, t is transcendental (Lindemann), and tanh(n r) is a
    rational function of t that has poles which no tanh(m r) with m < n has.
    """

    constant: Fraction
    waves: frozenset[tuple[Fraction, Fraction]] = frozenset()


@dataclass(frozen=True)
class Classes:
    """The output layer as a softmax over classes.

    A sigmoid is the softmax over two classes, of which the second has the logit 0.

    Attributes:
        weights: (classes, m) weights of the classes' logits.
        logits: the classes' logits.
        target: the class that is right.
    """

    weights: Matrix
    logits: tuple[Logit, ...]
    target: int

    @property
    def others(self) -> list[Logit]:
        """The logits of the classes that are not the target."""
        return [logit for k, logit in enumerate(self.logits) if k != self.target]

    def pulls(self, unit: int) -> dict[Logit, Fraction]:
        """Pull of hidden unit j at each distinct logit: the sum of W_kj - W_tj over its classes k.

        Here t is the target. The errors of the classes sum to 0, so dL/dh_j (@eq-grad-hidden) is
        the sum of pull * e^z, divided by the sum of e^z over all classes. If the logits are
        rational, the powers of e are linearly independent over the rationals (Lindemann and
        Weierstrass), so that dL/dh_j = 0 if and only if every pull is 0.
        """
        pulls: dict[Logit, Fraction] = defaultdict(Fraction)
        for row, logit in zip(self.weights, self.logits, strict=True):
            pulls[logit] += row[unit] - self.weights[self.target][unit]
        return {logit: pull for logit, pull in pulls.items() if pull}


def classes(network: Network) -> Classes:
    """The output layer of a network as a softmax over classes (@eq-prediction)."""
    logits = [_logit(network, row, b) for row, b in zip(network.W_O, network.b_O, strict=True)]
    if network.output == "softmax":
        return Classes(network.W_O, tuple(logits), network.y.index(Fraction(1)))
    nothing = (NOTHING,) * len(network.b_H)
    target = 0 if network.y[0] == 1 else 1
    return Classes((*network.W_O, nothing), (*logits, Logit(NOTHING)), target)


def _logit(network: Network, row: tuple[Fraction, ...], bias: Fraction) -> Logit:
    """A row of W_O h + b_O, with the sigmoid as 1/2 + tanh(z / 2) / 2."""
    constant, waves = Fraction(bias), defaultdict[Fraction, Fraction](Fraction)
    for weight, z, active in zip(row, network.z_H, network.active, strict=True):
        sign = (z > 0) - (z < 0)
        if network.activation == "tanh":
            waves[abs(z)] += weight * sign
        elif network.activation == "sigmoid":
            constant += weight / 2
            waves[abs(z) / 2] += weight * sign / 2
        elif active:
            constant += weight * z
    return Logit(constant, frozenset((a, c) for a, c in waves.items() if a and c))
