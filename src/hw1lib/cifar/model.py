"""The dense net of question 3."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor, nn

Layers: TypeAlias = list[tuple[Tensor, Tensor]]


def build_net(layer_sizes: tuple[int, ...], seed: int) -> nn.Sequential:
    """A dense net: linear layers with ReLU between them, logits at the end (@sec-net).

    Weights are PyTorch's default for `nn.Linear`, drawn from `seed` alone: the global random
    state is neither read nor changed.

    Args:
        layer_sizes: number of units in every layer; the homework's is (1024, 256, 128, 64, 10).
        seed: seed of the initial weights.

    Returns:
        A module from (N, layer_sizes[0]) to logits of shape (N, layer_sizes[-1]).
    """
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for inputs, outputs in pairwise(layer_sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def layers_of(net: nn.Sequential) -> Layers:
    """The net's own weights (outputs, inputs) and biases (outputs,), layer by layer."""
    return [(layer.weight, layer.bias) for layer in net if isinstance(layer, nn.Linear)]


def count_parameters(net: nn.Module) -> int:
    """Number of weights and biases."""
    return sum(parameter.numel() for parameter in net.parameters())
