"""What the exercises of chapter 1 compute."""

from __future__ import annotations

from hw1lib.backprop.manual import Gradients, forward
from hw1lib.backprop.network import PARAMETERS, Network


def descend(network: Network, gradients: Gradients, rate: float) -> tuple[float, float]:
    """How much one step of gradient descent should lower the loss to first order, and does.

    The step goes against @eq-answer-o and @eq-answer-h.

    Args:
        network: where the step starts.
        gradients: the loss's derivatives there.
        rate: the learning rate.

    Returns:
        rate times the squared length of the gradient, and the loss before less that after, in nats.
    """
    slopes = {name: getattr(gradients, name) for name in PARAMETERS}
    before = network.parameters()
    after = {name: before[name] - rate * slopes[name] for name in PARAMETERS}
    expected = rate * sum(float((slope**2).sum()) for slope in slopes.values())
    actual = forward(network, before).loss - forward(network, after).loss
    return expected, float(actual)
