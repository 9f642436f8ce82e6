from __future__ import annotations

from hypothesis import given, settings

from hw1lib.backprop.check import check_gradients
from hw1lib.backprop.network import PARAMETERS, Network
from networks import networks


@settings(max_examples=150, deadline=None)
@given(networks())
def test_four_ways_agree(network: Network) -> None:
    check = check_gradients(network)
    assert check.agreement["sympy"] < 1e-12
    assert check.agreement["autograd"] < 1e-12
    for name in PARAMETERS:
        size = float(getattr(check.by_hand, name).abs().max())
        assert check.difference("finite_difference", name) < 1e-6 * max(1.0, size)


def test_total_counts_every_derivative() -> None:
    from test_network import GOOD

    from hw1lib.backprop.network import parse_network

    assert check_gradients(parse_network(GOOD)).total == 6 + 3 + 6 + 2
