from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from test_network import GOOD

from hw1lib.backprop import check, manual
from hw1lib.backprop.check import check_gradients
from hw1lib.backprop.network import PARAMETERS, Network, parse_network
from hw1lib.backprop.symbolic import forward_mode_gradients
from networks import networks, random_networks


@settings(max_examples=20, deadline=None)
@given(networks(largest=3))
def test_four_ways_agree(network: Network) -> None:
    agreement = check_gradients(network).agreement
    assert list(agreement) == ["sympy", "autograd", "finite_difference"]
    assert agreement["sympy"] < 1e-14
    assert agreement["autograd"] < 1e-12
    assert agreement["finite_difference"] < 1e-6
    fifty = forward_mode_gradients(network)
    by_hand = manual.backward(network)
    for name in PARAMETERS:
        size = getattr(by_hand, name).abs().max().clamp(min=1)
        assert torch.allclose(fifty[name] / size, getattr(by_hand, name) / size, atol=1e-14)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_they_agree_on_large_logits_and_kinks(output: str) -> None:
    for numbers in ("integers", "decimals"):
        for network in random_networks(numbers, output, 8):
            agreement = check_gradients(network).agreement
            assert max(agreement["sympy"], agreement["autograd"]) < 1e-11, network
            assert agreement["finite_difference"] < 1e-5, network


def test_large_networks_are_checked_in_fifty_digits() -> None:
    size = 8
    network = parse_network(
        {
            "x": [f"{i}/7" for i in range(size)],
            "y": [1] + [0] * (size - 1),
            "W_H": [[f"{i - j}/9" for j in range(size)] for i in range(size)],
            "b_H": [0] * size,
            "W_O": [[f"{i + j}/11" for j in range(size)] for i in range(size)],
            "b_O": [0] * size,
            "activation": "tanh",
        }
    )
    agreement = check_gradients(network).agreement
    assert list(agreement) == ["fifty_digits", "autograd", "finite_difference"]
    assert agreement["fifty_digits"] < 1e-15
    assert agreement["autograd"] < 1e-13


@pytest.mark.parametrize("size", [2, 7])
def test_a_wrong_sign_in_the_passes_by_hand_is_seen_by_every_other_way(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """So no other way uses them."""
    zeros, fields = [0] * (size - 2), {**GOOD, "b_H": [0, 4, 2]}
    network = parse_network({**fields, "x": [1, -2, *zeros], "W_H": [
        [1, 0, *zeros], [0, 1, *zeros], [1, 1, *zeros]
    ]})  # fmt: skip
    right = manual._errors

    def wrong(*arguments: object) -> tuple[list[object], list[object]]:
        delta_O, dL_dh = right(*arguments)  # type: ignore[arg-type]
        return [-delta for delta in delta_O], [-d for d in dL_dh]

    assert max(check_gradients(network).agreement.values()) < 1e-9
    monkeypatch.setattr(manual, "_errors", wrong)
    assert min(check_gradients(network).agreement.values()) > 1
    monkeypatch.setattr(check, "forward", None)  # and no other way evaluates with them
    assert set(check.autograd_gradients(network)) == set(PARAMETERS)


def test_total_counts_every_derivative() -> None:
    assert check_gradients(parse_network(GOOD)).total == 6 + 3 + 6 + 2
