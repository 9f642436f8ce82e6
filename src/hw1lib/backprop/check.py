"""Checks the backward pass by hand against sympy, autograd and finite differences."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hw1lib.backprop.manual import Forward, Gradients, backward, forward
from hw1lib.backprop.network import PARAMETERS, Network
from hw1lib.backprop.symbolic import SymbolicNetwork

STEP = 1e-5
METHODS = ("sympy", "autograd", "finite_difference")


@dataclass(frozen=True)
class GradientCheck:
    """One network's derivatives, computed four ways.

    Attributes:
        network: whose derivatives they are.
        symbolic: its exact values.
        values: the forward pass.
        by_hand: the chain rule of chapter 1.
        others: the same derivatives by each of `METHODS`.
    """

    network: Network
    symbolic: SymbolicNetwork
    values: Forward
    by_hand: Gradients
    others: dict[str, Gradients]

    @property
    def total(self) -> int:
        """The number of derivatives in all."""
        return sum(getattr(self.by_hand, name).numel() for name in PARAMETERS)

    def difference(self, method: str, parameter: str) -> float:
        """Largest absolute difference of one parameter's derivatives from those by hand."""
        mine, other = (getattr(g, parameter) for g in (self.by_hand, self.others[method]))
        return float((mine - other).abs().max())

    @property
    def agreement(self) -> dict[str, float]:
        """Largest absolute difference from the derivatives by hand, for each method."""
        return {m: max(self.difference(m, p) for p in PARAMETERS) for m in METHODS}


def check_gradients(network: Network) -> GradientCheck:
    """Computes the derivatives all four ways (@sec-check)."""
    values, symbolic = forward(network), SymbolicNetwork(network)
    others = {
        "sympy": sympy_gradients(symbolic),
        "autograd": autograd_gradients(network),
        "finite_difference": finite_difference_gradients(network),
    }
    return GradientCheck(network, symbolic, values, backward(network, values), others)


def sympy_gradients(symbolic: SymbolicNetwork) -> Gradients:
    """The exact derivatives, rounded to float64 once."""
    return Gradients(**{name: _rounded(symbolic, name) for name in PARAMETERS})


def _rounded(symbolic: SymbolicNetwork, name: str) -> Tensor:
    """One parameter's exact derivatives as float64, in the parameter's shape."""
    entries = [float(value.evalf(30)) for value in symbolic.gradient(name)]
    shape = symbolic.network.tensor(name).shape
    return torch.tensor(entries, dtype=torch.float64).view(shape)


def autograd_gradients(network: Network) -> Gradients:
    """torch's own reverse mode, in float64."""
    parameters = {name: p.requires_grad_() for name, p in network.parameters().items()}
    forward(network, parameters).loss.backward()
    return Gradients(**{name: _grad(value) for name, value in parameters.items()})


def finite_difference_gradients(network: Network) -> Gradients:
    """Central differences of the loss with steps of `STEP`.

    Where the step would carry a ReLU over its kink, the difference is taken on the side where the
    unit stays as it is.
    """
    parameters = network.parameters()
    return Gradients(**{name: _differences(network, parameters, name) for name in PARAMETERS})


def _differences(network: Network, parameters: dict[str, Tensor], name: str) -> Tensor:
    flat = parameters[name].view(-1)
    result = torch.empty_like(flat)
    centre = forward(network, parameters)
    for i, value in enumerate(flat.tolist()):
        ends = []
        for shift in (-STEP, STEP):
            flat[i] = value + shift
            moved = forward(network, parameters)
            stays = torch.equal(_active(network, moved), _active(network, centre))
            ends.append((shift, moved.loss) if stays else (0.0, centre.loss))
        flat[i] = value
        (low, at_low), (high, at_high) = ends
        result[i] = (at_high - at_low) / (high - low)
    return result.view_as(parameters[name])


def _active(network: Network, values: Forward) -> Tensor:
    """Which hidden units are on the active side of a ReLU (all, for other activations)."""
    return (values.z_H > 0) | (network.activation != "relu")


def _grad(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        raise AssertionError("autograd left a parameter without derivative")
    return parameter.grad
