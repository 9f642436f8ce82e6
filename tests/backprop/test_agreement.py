from __future__ import annotations

from typing import Any

import pytest
import torch

from hw1lib.backprop import agreement, passes
from hw1lib.backprop.agreement import check_gradients
from hw1lib.backprop.network import PARAMETERS, parse_network
from hw1lib.backprop.symbolic import forward_mode_gradients
from networks import GOOD, LARGE, NUMBERS, random_networks


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [4, pytest.param(25, marks=pytest.mark.slow)])
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("numbers", NUMBERS)
def test_all_ways_agree(numbers: str, output: str, count: int) -> None:
    """On large logits and kinks, too."""
    for network in random_networks(numbers, output, count):
        gradients = check_gradients(network)
        gaps = gradients.agreement
        assert list(gaps) == ["sympy", "autograd", "finite_difference"]
        assert gaps["sympy"] < 1e-14, network
        assert gaps["autograd"] < 1e-11, network
        assert gaps["finite_difference"] < 1e-5, network
        for name, fifty in forward_mode_gradients(network).items():
            mine = getattr(gradients.by_hand, name)
            largest = float(mine.abs().max())
            assert torch.allclose(fifty, mine, rtol=1e-14, atol=max(1e-14 * largest, 1e-45))


def test_large_networks_are_checked_in_fifty_digits() -> None:
    gaps = check_gradients(parse_network(LARGE)).agreement
    assert list(gaps) == ["fifty_digits", "autograd", "finite_difference"]
    assert gaps["fifty_digits"] < 1e-15
    assert gaps["autograd"] < 1e-13


@pytest.mark.parametrize("fields", [{**GOOD, "b_H": [0, 4, 2]}, LARGE])
def test_a_wrong_sign_in_the_passes_by_hand_is_seen_by_every_other_way(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]
) -> None:
    """So no other way uses them."""
    network = parse_network(fields)
    assert max(check_gradients(network).agreement.values()) < 1e-9
    monkeypatch.setitem(passes.STEPS, "db_O", "y - y_hat")
    assert min(check_gradients(network).agreement.values()) > 1
    monkeypatch.setattr(agreement, "forward", None)  # and no other way evaluates with them
    assert set(agreement.autograd_gradients(network)) == set(PARAMETERS)


def test_total_counts_every_derivative() -> None:
    assert check_gradients(parse_network(GOOD)).total == 6 + 3 + 6 + 2
