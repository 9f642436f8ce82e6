"""Question 3's training the textbook way: DataLoader, autograd and torch.optim.

`hw1lib.cifar.sgd` does the same arithmetic faster. This is what tests and `hw1 bench` compare it
with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from hw1lib.cifar.data import Split
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.homework import Homework

Batches: TypeAlias = Iterable[tuple[Tensor, Tensor]]


def build_optimizer(net: nn.Module, homework: Homework) -> torch.optim.SGD:
    """Stochastic gradient descent with a fixed rate: no momentum, no decay, no schedule."""
    return torch.optim.SGD(net.parameters(), lr=homework.learning_rate)


def plain_epoch(net: nn.Module, optimizer: Optimizer, batches: Batches) -> None:
    """One pass over the training set (@sec-training); autograd derives, the optimiser updates.

    Args:
        net: from (B, ...) images to (B, classes) logits.
        optimizer: of the net's parameters.
        batches: images and labels of every step.
    """
    for images, labels in batches:
        loss = cross_entropy(net(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def batches_in_order(train: Split, order: Tensor, batch_size: int) -> Batches:
    """The batches that `hw1lib.cifar.sgd.train_epoch` takes its steps on."""
    for batch in order.split(batch_size):
        yield train.pixels[batch], train.labels[batch]


def plain_loader(
    images: Tensor, labels: Tensor, homework: Homework, workers: int
) -> DataLoader[tuple[Tensor, Tensor]]:
    """A DataLoader over torchvision's CIFAR10 dataset with the homework's transforms.

    Args:
        images: (N, 32, 32, 3) uint8, what the dataset holds.
        labels: (N,) int64.
        homework: gives the batch size.
        workers: processes that load; 0 loads in this one.
    """
    import_torchvision()
    from torchvision.datasets import CIFAR10
    from torchvision.transforms import Compose, Grayscale, Normalize, ToTensor

    dataset = CIFAR10.__new__(CIFAR10)  # holds the given images, reads none from disk
    dataset.data, dataset.targets = images.numpy(), labels.tolist()
    dataset.transform = Compose([Grayscale(), ToTensor(), Normalize((0.5,), (0.25,))])
    dataset.target_transform = None
    return DataLoader(dataset, batch_size=homework.batch_size, shuffle=True, num_workers=workers)
