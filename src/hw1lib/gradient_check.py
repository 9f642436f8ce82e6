"""Checks the backward pass by hand against sympy, autograd and finite differences."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hw1lib.backprop import ACTIVATION, Forward, Gradients, backward, cross_entropy, forward
from hw1lib.network import PARAMETERS, Network
from hw1lib.symbolic import SymbolicNetwork

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
    """Computes the derivatives all four ways."""
    values, symbolic = forward(network), SymbolicNetwork(network)
    others = {
        "sympy": sympy_gradients(symbolic),
        "autograd": autograd_gradients(network),
        "finite_difference": finite_difference_gradients(network),
    }
    return GradientCheck(network, symbolic, values, backward(network, values), others)


def sympy_gradients(symbolic: SymbolicNetwork) -> Gradients:
    """The exact derivatives, rounded to float64 once."""
    delta_H = _to_tensor(symbolic.delta_H)
    delta_O = _to_tensor(symbolic.delta_O)
    x, h = _to_tensor(symbolic.network.exact("x")), _to_tensor(symbolic.h)
    return Gradients(torch.outer(delta_O, h), delta_O, torch.outer(delta_H, x), delta_H)


def autograd_gradients(network: Network) -> Gradients:
    """torch's own reverse mode, in float64."""
    parameters = {name: network.tensor(name).requires_grad_() for name in PARAMETERS}
    _loss(network, parameters).backward()
    return Gradients(**{name: _grad(value) for name, value in parameters.items()})


def finite_difference_gradients(network: Network) -> Gradients:
    """Central differences of the loss with steps of `STEP`.

    Where the step would carry a ReLU over its kink, the difference is taken on the side where the
    unit stays as it is.
    """
    parameters = {name: network.tensor(name) for name in PARAMETERS}
    return Gradients(**{name: _differences(network, parameters, name) for name in PARAMETERS})


def _differences(network: Network, parameters: dict[str, Tensor], name: str) -> Tensor:
    flat = parameters[name].view(-1)
    result = torch.empty_like(flat)
    active = _active(network, parameters)
    for i, value in enumerate(flat.tolist()):
        points = []
        for shift in (-STEP, 0.0, STEP):
            flat[i] = value + shift
            same = torch.equal(_active(network, parameters), active)
            points.append((shift, float(_loss(network, parameters)), same))
        flat[i] = value
        (low, at_low, low_same), (_, at_value, _), (high, at_high, high_same) = points
        if not low_same:
            low, at_low = 0.0, at_value
        elif not high_same:
            high, at_high = 0.0, at_value
        result[i] = (at_high - at_low) / (high - low)
    return result.view_as(parameters[name])


def _active(network: Network, parameters: dict[str, Tensor]) -> Tensor:
    """Which hidden units are on the active side of a ReLU (all, for other activations)."""
    z_H = parameters["W_H"] @ network.tensor("x") + parameters["b_H"]
    return z_H > 0 if network.activation == "relu" else torch.ones_like(z_H).bool()


def _loss(network: Network, parameters: dict[str, Tensor]) -> Tensor:
    """The loss as torch computes it from the given parameters."""
    z_H = parameters["W_H"] @ network.tensor("x") + parameters["b_H"]
    activate = torch.relu if network.activation == "relu" else ACTIVATION[network.activation]
    z_O = parameters["W_O"] @ activate(z_H) + parameters["b_O"]
    return cross_entropy(z_O, network.tensor("y"), network.output)


def _grad(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        raise AssertionError("autograd left a parameter without derivative")
    return parameter.grad


def _to_tensor(column: object) -> Tensor:
    """A sympy column as a float64 vector."""
    return torch.tensor([float(value.evalf(30)) for value in column], dtype=torch.float64)  # type: ignore[attr-defined]
