"""Zeros are listed if and only if the number shown is 0, and each for a reason that is true."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.network import Network, parse_network
from hw1lib.backprop.zeros import Cause, Kind, Zero, find_zeros
from networks import GOOD, MADE, NUMBERS, Oracle, random_networks

DIGITS = 400  # so that rounding is far below the smallest float64
SMALLEST = 5e-324
ROUNDED = {Kind.SATURATED, Kind.FLAT, Kind.FAINT, Kind.TINY}
ONE = Fraction(1)


def zeros_of(network: Network) -> list[Zero]:
    return find_zeros(network, forward(network), backward(network))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [125, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("numbers", NUMBERS)
def test_a_derivative_is_listed_if_and_only_if_it_is_zero(
    numbers: str, output: str, count: int
) -> None:
    exactly_zero = 0
    for network in random_networks(numbers, output, count):
        gradients = backward(network)
        zeros = find_zeros(network, forward(network), gradients)
        listed = {(zero.parameter, zero.index): zero for zero in zeros}
        for (parameter, index), wanted in Oracle(network, DIGITS).derivatives().items():
            shown = float(getattr(gradients, parameter)[index])
            assert shown == pytest.approx(float(wanted), rel=1e-13, abs=0), network
            zero = listed.get((parameter, index))
            assert (zero is not None) == (float(wanted) == 0), network
            assert str(shown) != "-0.0", network
            exactly_zero += bool(zero) and any(c.kind not in ROUNDED for c in zero.causes)
    assert exactly_zero > count


def change_of_loss(network: Network, name: str, index: tuple[int, ...], change: Fraction) -> Any:
    """By how much the loss moves if one number of the network changes."""
    field = np.array(getattr(network, name))  # of fractions
    field[index] += change
    changed = replace(network, **{name: tuple(map(tuple, field) if field.ndim > 1 else field)})
    return abs(Oracle(changed, 80).loss() - Oracle(network, 80).loss())


def nothing(network: Network, name: str, index: tuple[int, ...], change: Fraction = ONE) -> bool:
    return bool(change_of_loss(network, name, index, change) < 1e-60)


def is_true(network: Network, zero: Zero, cause: Cause) -> bool:
    """Whether what a cause says can be seen when the network is changed."""
    unit, kind = cause.unit, cause.kind
    if kind in (Kind.INACTIVE, Kind.KINK):
        z, down = network.z_H[unit], nothing(network, "b_H", (unit,), -ONE)
        if kind == Kind.KINK:
            return down and z == 0
        return down and z < 0 and nothing(network, "b_H", (unit,), -z / 2)
    if kind == Kind.SILENT:
        return all(nothing(network, "W_O", (k, unit)) for k in range(len(network.b_O)))
    if kind == Kind.INPUT:
        return all(nothing(network, "W_H", (i, unit)) for i in range(len(network.b_H)))
    if kind in (Kind.DISCONNECTED, Kind.EQUAL):
        return all(nothing(network, "b_H", (unit,), step) for step in (ONE / 3, -ONE, ONE))
    if kind == Kind.CANCELLING:  # the loss moves with the square of the step
        large, small = (
            change_of_loss(network, "b_H", (unit,), ONE / step) for step in (10**9, 10**12)
        )
        return bool(0 < small < large / 10**5)
    exact = Oracle(network, 2000)
    if kind == Kind.SINGLE:
        return exact.loss() == 0 and nothing(network, "b_O", (0,)) and nothing(network, "b_H", (0,))
    h, slope, _ = exact.layers()
    size = {
        Kind.SATURATED: lambda: abs(exact.probabilities()[unit] - (exact.target == unit)),
        Kind.FLAT: lambda: slope[unit],
        Kind.FAINT: lambda: h[unit],
        Kind.TINY: lambda: abs(exact.derivatives()[zero.parameter, zero.index]),
    }[kind]()
    return bool(0 < size < SMALLEST)


def test_every_reason_is_true_and_every_kind_occurs() -> None:
    seen: Counter[Kind] = Counter()
    random = [n for kind in NUMBERS for n in random_networks(kind, "softmax", 20)]
    for network in [parse_network(fields) for fields in MADE] + random:
        causes = {cause: zero for zero in zeros_of(network) for cause in zero.causes}
        for cause, zero in causes.items():
            assert is_true(network, zero, cause), (network, cause)
        seen.update(cause.kind for cause in causes)
    assert set(seen) == set(Kind), seen


def test_the_networks_that_were_wrong() -> None:
    first, second, third, fourth = (parse_network(fields) for fields in MADE[:4])
    assert backward(first).W_H.tolist() == [[20, 24], [0, 0]]
    assert {cause for zero in zeros_of(first) for cause in zero.causes} == {Cause(Kind.INACTIVE, 1)}
    assert len(zeros_of(first)) == 4
    assert zeros_of(second) == []
    for network in (third, fourth):
        assert backward(network).W_H[0].tolist() == [0.0] * len(network.x)
        for zero in zeros_of(network):  # h is 0, whatever the slope is said to be
            kind = Kind.SILENT if zero.parameter == "W_O" else Kind.KINK
            assert zero.causes == (Cause(kind, 0),)


def test_an_inactive_unit_kills_its_row_its_bias_and_its_column() -> None:
    fields = {**GOOD, "b_H": [0, 1, 2], "W_O": [[1, 0, 1], [0, 1, 3]]}
    assert [(zero.parameter, zero.index) for zero in zeros_of(parse_network(fields))] == [
        ("W_H", (1, 0)), ("W_H", (1, 1)), ("b_H", (1,)), ("W_O", (0, 1)), ("W_O", (1, 1)),
    ]  # fmt: skip
