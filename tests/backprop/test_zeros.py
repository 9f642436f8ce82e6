from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from test_network import GOOD

from hw1lib.backprop.check import check_gradients
from hw1lib.backprop.network import PARAMETERS, Network, parse_network
from hw1lib.backprop.zeros import Zero, explain_zeros, find_zeros, zeros_in_short
from networks import networks


def zeros_of(network: Network) -> list[Zero]:
    return find_zeros(check_gradients(network))


def kinds(change: dict[str, Any]) -> set[tuple[str, int]]:
    zeros = zeros_of(parse_network({**GOOD, **change}))
    return {(cause.kind, cause.unit) for zero in zeros for cause in zero.causes}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({}, ("inactive", 1)),
        ({"b_H": [-1, 3, 3]}, ("kink", 0)),
        ({"x": [0, 1]}, ("input", 0)),
        ({"b_H": [0, 1, 2]}, ("cancelling", 2)),
        ({"activation": "tanh", "b_H": [-1, 1, 2]}, ("silent", 0)),
        ({"activation": "tanh", "b_H": [500, 1, 2]}, ("flat", 0)),
        ({"b_O": [-2000, 0]}, ("saturated", 1)),
        ({"y": [1], "W_O": [[1, 2, 3]], "b_O": [1]}, ("single", 0)),
    ],
)
def test_each_cause_is_found(change: dict[str, Any], cause: tuple[str, int]) -> None:
    assert cause in kinds(change)


def test_an_inactive_unit_kills_its_row_its_bias_and_its_column() -> None:
    zeros = zeros_of(parse_network({**GOOD, "b_H": [0, 1, 2], "W_O": [[1, 0, 1], [0, 1, 3]]}))
    assert [(zero.parameter, zero.index) for zero in zeros] == [
        ("W_H", (1, 0)), ("W_H", (1, 1)), ("b_H", (1,)), ("W_O", (0, 1)), ("W_O", (1, 1)),
    ]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(networks())
def test_exactly_the_vanishing_derivatives_are_listed(network: Network) -> None:
    """Against sympy's exact gradients: listed if and only if zero there, or 0.0 in floats."""
    check = check_gradients(network)
    listed = {(zero.parameter, zero.index) for zero in find_zeros(check)}
    for name in PARAMETERS:
        exact = check.symbolic.gradient(name)
        for i in range(exact.rows):
            for j in range(exact.cols):
                index = (i, j) if name[0] == "W" else (i,)
                is_zero = abs(exact[i, j].evalf(50, chop=1e-40)) < 1e-40
                in_floats = float(getattr(check.by_hand, name)[index]) == 0.0
                assert ((name, index) in listed) == (is_zero or in_floats)


def test_prose_for_none_one_and_many() -> None:
    tanh = {**GOOD, "activation": "tanh", "W_O": [[1, 0, 1], [0, 1, 3]], "b_H": [0, 1, "1/2"]}
    none = parse_network(tanh)
    assert explain_zeros(zeros_of(none), 17).startswith("No. None of the 17")
    zeros = zeros_of(parse_network(GOOD))
    assert explain_zeros(zeros[:1], 17).startswith("Yes. One of the 17 derivatives is zero")
    many = explain_zeros(zeros, 17)
    assert f"{len(zeros)} of the 17 derivatives are zero" in many
    assert r"$\partial L / \partial (W_H)_{2,1}$" in many


def test_zeros_that_come_and_go_are_listed() -> None:
    on, off = (zeros_of(parse_network({**GOOD, "b_H": [0, b, 2]})) for b in (4, 1))
    assert (len(on), len(off)) == (3, 8)  # unit 3 cancels in both; unit 2 is off in one
    entries = [
        rf"$\partial L / \partial ({name})_{{{index}}}$"
        for name, index in [
            ("W_H", "2,1"), ("W_H", "2,2"), ("b_H", "2"), ("W_O", "1,2"), ("W_O", "2,2"),
        ]
    ]  # fmt: skip
    listed = f"{', '.join(entries[:-1])} and {entries[-1]}"
    assert zeros_in_short(off, on) == f"No longer zero are {listed}."
    assert zeros_in_short(on, off) == f"Newly zero are {listed}."
    assert zeros_in_short(off, off) == "The zeros stay the same."
    assert zeros_in_short(off[:1], on).startswith(f"No longer zero is {entries[0]}.")


def test_of_many_zeros_the_first_are_listed_and_the_others_counted() -> None:
    many = [Zero("W_H", (0, j), ()) for j in range(11)]
    assert zeros_in_short(many, []).endswith(r"(W_H)_{1,8}$ and 3 more.")
