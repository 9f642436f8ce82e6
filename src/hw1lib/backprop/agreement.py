"""Compares the derivatives by hand with those of three other ways, none of which uses `passes`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from hw1lib.backprop.certified import Forward, Gradients, backward, forward
from hw1lib.backprop.network import PARAMETERS, Network
from hw1lib.backprop.symbolic import forward_mode_gradients, is_small, symbolic_gradients

STEP = 1e-5  # by which finite differences move the logits, about


@dataclass(frozen=True)
class GradientCheck:
    """One network's derivatives, computed four ways.

    Attributes:
        values: the forward pass.
        by_hand: the backward pass of chapter 1.
        others: the derivatives by name of the way: sympy (fifty_digits for networks too large for
            it), autograd and finite_difference; each a float64 tensor for each parameter.
    """

    values: Forward
    by_hand: Gradients
    others: dict[str, dict[str, Tensor]]

    @property
    def is_symbolic(self) -> bool:
        """Whether sympy differentiated the loss, rather than 50-digit arithmetic."""
        return "sympy" in self.others

    @property
    def total(self) -> int:
        """The number of derivatives."""
        return self.by_hand.total

    def difference(self, method: str, parameter: str) -> float:
        """Largest difference of one parameter's derivatives from those by hand.

        It is absolute where they are less than 1 in size, and relative to the largest elsewhere.
        """
        mine, other = getattr(self.by_hand, parameter), self.others[method][parameter]
        return float((mine - other).abs().max() / mine.abs().max().clamp(min=1))

    @property
    def agreement(self) -> dict[str, float]:
        """Largest `difference` of each way."""
        return {way: max(self.difference(way, p) for p in PARAMETERS) for way in self.others}


def check_gradients(network: Network) -> GradientCheck:
    """Computes the derivatives all four ways (@sec-check)."""
    if is_small(network):
        others = {"sympy": symbolic_gradients(network)}
    else:
        others = {"fifty_digits": forward_mode_gradients(network)}
    others["autograd"] = autograd_gradients(network)
    others["finite_difference"] = finite_difference_gradients(network)
    return GradientCheck(forward(network), backward(network), others)


def torch_loss(network: Network) -> Callable[..., Tensor]:
    """The loss in nats as a function of W_H, b_H, W_O and b_O, in torch alone.

    It is @eq-forward to @eq-loss, written anew so that what it says of the passes is a test of
    them; each ReLU stays on the side that it is on.
    """
    x, y, active = network.tensor("x"), network.tensor("y"), torch.tensor(network.active)
    linear = {"relu", "identity"}  # on the side of the ReLU that `active` gives
    f = torch.clone if network.activation in linear else getattr(torch, network.activation)

    def loss(W_H: Tensor, b_H: Tensor, W_O: Tensor, b_O: Tensor) -> Tensor:
        h = torch.where(active, f(W_H @ x + b_H), 0)
        z_O = W_O @ h + b_O
        if network.output == "softmax":
            return torch.logsumexp(z_O - z_O @ y, dim=0)
        return functional.binary_cross_entropy_with_logits(z_O, y)

    return loss


def autograd_gradients(network: Network) -> dict[str, Tensor]:
    """torch's own reverse mode, in float64."""
    parameters = [p.requires_grad_() for p in network.parameters().values()]
    gradients = torch.autograd.grad(torch_loss(network)(*parameters), parameters)
    return dict(zip(PARAMETERS, gradients, strict=True))


def finite_difference_gradients(network: Network) -> dict[str, Tensor]:
    """Central differences of the loss in float64, each step short enough for its parameter."""
    loss = torch_loss(network)
    parameters, gradients = network.parameters(), network.parameters()
    for name, entries in parameters.items():
        for index in product(*map(range, entries.shape)):
            value = float(entries[index])
            step = max(STEP / _reach(network, name, index), 1e-14 * abs(value))
            high, low = value + step, value - step
            entries[index] = high
            above = loss(**parameters)
            entries[index] = low
            below = loss(**parameters)
            entries[index] = value
            gradients[name][index] = (above - below) / (high - low)
    return gradients


def _reach(network: Network, name: str, index: tuple[int, ...]) -> float:
    """By how much a change of a parameter is multiplied at most on its way to the logits."""
    if name == "b_O":
        return 1.0
    if name == "W_O":
        bounded = network.activation in ("sigmoid", "tanh")
        return 1.0 if bounded else max(1.0, abs(float(network.z_H[index[1]])))
    outgoing = max(abs(float(row[index[0]])) for row in network.W_O)
    incoming = abs(float(network.x[index[1]])) if name == "W_H" else 1.0
    return max(1.0, incoming) * max(1.0, outgoing)
