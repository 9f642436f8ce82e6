from __future__ import annotations

import torch
from hw1lib.cifar.plain import build_optimizer, plain_loader

from hw1lib.cifar.model import build_net
from hw1lib.homework import Homework


def test_the_optimiser_is_plain_sgd_with_the_homeworks_rate() -> None:
    net = build_net(Homework().layer_sizes, 0)
    optimizer = build_optimizer(net, Homework())
    assert type(optimizer) is torch.optim.SGD
    (group,) = optimizer.param_groups
    assert group["lr"] == 0.01
    assert (group["momentum"], group["weight_decay"], group["nesterov"]) == (0, 0, False)
    assert len(group["params"]) == len(list(net.parameters())) == 8


def test_the_loader_gives_every_image_gray_and_scaled_once() -> None:
    images = torch.arange(100, dtype=torch.uint8)[:, None, None, None].expand(100, 32, 32, 3)
    loader = plain_loader(images.contiguous(), torch.arange(100), Homework(), workers=0)
    batches = list(loader)
    assert [len(labels) for _, labels in batches] == [64, 36]
    labels = torch.cat([labels for _, labels in batches])
    assert labels.tolist() != list(range(100))
    assert sorted(labels.tolist()) == list(range(100))
    pixels = torch.cat([pixels for pixels, _ in batches])
    assert pixels.shape == (100, 1, 32, 32)
    assert torch.allclose(pixels[:, 0, 5, 7], (labels / 255 - 0.5) / 0.25, atol=1e-5)
