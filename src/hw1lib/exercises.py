"""What the exercises of chapter 1 compute."""

from __future__ import annotations

from torch import Tensor

from hw1lib.backprop import ACTIVATION, Gradients, cross_entropy
from hw1lib.network import PARAMETERS, Network


def descend(network: Network, gradients: Gradients, rate: float) -> tuple[float, float]:
    """How much one step of gradient descent should lower the loss to first order, and does.

    Args:
        network: where the step starts.
        gradients: the loss's derivatives there.
        rate: the learning rate.

    Returns:
        rate times the squared length of the gradient, and the loss before less the loss after.
    """
    slopes = {name: getattr(gradients, name) for name in PARAMETERS}
    before = {name: network.tensor(name) for name in PARAMETERS}
    after = {name: before[name] - rate * slopes[name] for name in PARAMETERS}
    expected = rate * sum(float((slope**2).sum()) for slope in slopes.values())
    return expected, _loss(network, before) - _loss(network, after)


def _loss(network: Network, parameters: dict[str, Tensor]) -> float:
    """The loss with other parameters."""
    z_H = parameters["W_H"] @ network.tensor("x") + parameters["b_H"]
    z_O = parameters["W_O"] @ ACTIVATION[network.activation](z_H) + parameters["b_O"]
    return float(cross_entropy(z_O, network.tensor("y"), network.output))
