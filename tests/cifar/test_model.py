from __future__ import annotations

import torch
from torch import nn

from hw1lib.cifar.model import build_net, count_parameters
from hw1lib.homework import Homework


def test_the_net_is_the_homeworks() -> None:
    net = build_net(Homework().layer_sizes, seed=0)
    kinds = [type(layer) for layer in net]
    assert kinds == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    shapes = [tuple(layer.weight.shape) for layer in net if isinstance(layer, nn.Linear)]
    assert shapes == [(256, 1024), (128, 256), (64, 128), (10, 64)]
    assert count_parameters(net) == sum(rows * columns + rows for rows, columns in shapes)


def test_weights_follow_from_the_seed_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = (build_net((8, 4, 2), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first[0].weight, again[0].weight)
    assert not torch.equal(first[0].weight, other[0].weight)


def test_initialisation_is_pytorchs_default() -> None:
    torch.manual_seed(4)
    wanted = nn.Linear(1024, 256)
    ours = build_net((1024, 256, 10), seed=4)[0]
    assert torch.equal(ours.weight, wanted.weight)
    assert torch.equal(ours.bias, wanted.bias)
