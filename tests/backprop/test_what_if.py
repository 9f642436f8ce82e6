from __future__ import annotations

from hypothesis import given
from test_network import GOOD

from hw1lib.backprop.manual import forward
from hw1lib.backprop.network import Network, parse_network
from hw1lib.backprop.what_if import switch_unit
from networks import networks


def test_the_sign_is_flipped_where_that_revives_the_unit() -> None:
    change = switch_unit(parse_network({**GOOD, "b_H": [0, -3, 2]}))
    assert change is not None
    assert (change.unit, change.before, change.after, change.revives) == (1, -3, 3, True)


def test_an_activation_that_is_never_off_has_no_switch() -> None:
    assert switch_unit(parse_network({**GOOD, "activation": "tanh"})) is None


@given(networks())
def test_the_unit_is_switched_and_nothing_else_changes(network: Network) -> None:
    change = switch_unit(network)
    if change is None:
        assert network.activation != "relu"
        return
    before, after = forward(network).z_H, forward(change.network).z_H
    assert bool(after[change.unit] > 0) is change.revives
    assert bool(before[change.unit] > 0) is not change.revives
    others = [i for i in range(len(before)) if i != change.unit]
    assert (before[others] == after[others]).all()


def test_all_units_on_means_that_the_first_goes_off() -> None:
    change = switch_unit(parse_network({**GOOD, "b_H": [0, 4, 2]}))  # z_H is (1, 2, 1)
    assert change is not None
    assert (change.unit, change.revives) == (0, False)
    assert change.after == -2  # the nearest whole number: 1 - 2 is negative
