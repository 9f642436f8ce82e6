"""Forward and backward pass by hand, step for step as chapter 1 writes them; no autograd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hw1lib.backprop.network import PARAMETERS, Network


@dataclass(frozen=True)
class Forward:
    """All values of the forward pass, in float64.

    Attributes:
        z_H: (m,) pre-activations of the hidden layer.
        h: (m,) its activations.
        z_O: (k,) logits.
        y_hat: (k,) prediction.
        loss: () cross-entropy in nats.
    """

    z_H: Tensor
    h: Tensor
    z_O: Tensor
    y_hat: Tensor
    loss: Tensor


@dataclass(frozen=True)
class Gradients:
    """The loss's derivatives, each in its parameter's shape."""

    W_O: Tensor
    b_O: Tensor
    W_H: Tensor
    b_H: Tensor


def identity(z: Tensor) -> Tensor:
    """z itself."""
    return z


ACTIVATION: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "identity": identity,
}

# The derivative of the activation, from z and h = activation(z). At z = 0 the ReLU has none, and
# 0 is taken, as torch does.
SLOPE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "relu": lambda z, h: (z > 0).to(z),
    "sigmoid": lambda z, h: h * (1 - h),
    "tanh": lambda z, h: 1 - h**2,
    "identity": lambda z, h: torch.ones_like(z),
}


def cross_entropy(z_O: Tensor, y: Tensor, output: str) -> Tensor:
    """-sum y log(y_hat) from the logits, without overflow (@eq-loss).

    Softmax: log(sum exp(z_O)) - z_O at the target. Sigmoid: log(1 + exp(-z_O)) if y is 1,
    log(1 + exp(z_O)) if y is 0.

    Args:
        z_O: (k,) logits.
        y: (k,) target.
        output: softmax or sigmoid.

    Returns:
        () in nats.
    """
    if output == "softmax":
        return torch.logsumexp(z_O, dim=0) - (y * z_O).sum()
    return torch.logaddexp(torch.zeros_like(z_O), (1 - 2 * y) * z_O).sum()


def forward(network: Network, parameters: dict[str, Tensor] | None = None) -> Forward:
    """The forward pass (@eq-forward, @eq-prediction), with other `parameters` if given.

    Args:
        network: gives input, target, activation and output.
        parameters: a float64 tensor for each of `PARAMETERS`, in the network's shapes; the
            network's own if None.

    Returns:
        All values in float64, the loss in nats.
    """
    x, y = network.tensor("x"), network.tensor("y")
    parameters = parameters or network.parameters()
    W_H, b_H, W_O, b_O = (parameters[name] for name in PARAMETERS)
    z_H = W_H @ x + b_H
    h = ACTIVATION[network.activation](z_H)
    z_O = W_O @ h + b_O
    y_hat = z_O.softmax(dim=0) if network.output == "softmax" else z_O.sigmoid()
    return Forward(z_H, h, z_O, y_hat, cross_entropy(z_O, y, network.output))


def backward(network: Network, values: Forward) -> Gradients:
    """The backward pass, from the loss back to the first layer (@eq-delta-o to @eq-grad-h).

    Args:
        network: gives input, target, output weights and activation.
        values: of the network's forward pass.

    Returns:
        The derivatives @eq-answer-o and @eq-answer-h, float64.
    """
    x, y, W_O = map(network.tensor, ("x", "y", "W_O"))
    delta_O = values.y_hat - y
    dL_dh = W_O.T @ delta_O
    delta_H = dL_dh * SLOPE[network.activation](values.z_H, values.h)
    return Gradients(
        W_O=torch.outer(delta_O, values.h),
        b_O=delta_O,
        W_H=torch.outer(delta_H, x),
        b_H=delta_H,
    )
