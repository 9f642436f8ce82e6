from __future__ import annotations

from hypothesis import given

from hw1lib.backprop.exercises import descend
from hw1lib.backprop.manual import backward, forward
from hw1lib.backprop.network import Network
from networks import networks


@given(networks(largest=3))
def test_small_steps_lower_the_loss_as_the_gradient_says(network: Network) -> None:
    gradients = backward(network, forward(network))
    rate = 1e-7
    expected, actual = descend(network, gradients, rate)
    assert abs(expected - actual) <= 1e-3 * expected + 1e-13
