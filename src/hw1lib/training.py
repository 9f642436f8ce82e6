"""Question 3's training: plain SGD until the training loss has flattened."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hw1lib.cifar10 import Cifar10, Split
from hw1lib.homework import Homework
from hw1lib.model import build_net


@dataclass(frozen=True)
class Epoch:
    """One line of the history: both losses are over the whole set, after the epoch.

    Attributes:
        epoch: counted from 1.
        train_loss: mean cross-entropy over the training set, in nats.
        test_loss: the same over the test set.
        train_accuracy: share of training images classified right, 0 to 1.
        test_accuracy: the same for the test set.
        seconds: wall time of the epoch with its evaluation.
    """

    epoch: int
    train_loss: float
    test_loss: float
    train_accuracy: float
    test_accuracy: float
    seconds: float


class DivergedError(ArithmeticError):
    """The loss is not a number any more."""


def standardise(data: Cifar10, device: torch.device) -> tuple[Split, Split]:
    """Both splits as float32, by the mean and standard deviation of the training pixels."""
    pixels = data.train.pixels.double()
    mean, deviation = pixels.mean().item(), pixels.std().item()

    def scaled(split: Split) -> Split:
        values = (split.pixels.to(device).float() - mean) / deviation
        return Split(values, split.labels.to(device))

    return scaled(data.train), scaled(data.test)


def train_epoch(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    train: Split,
    order: Tensor,
    batch_size: int,
) -> None:
    """One pass over the training set in `order`, the last short batch included."""
    for batch in order.split(batch_size):
        loss = cross_entropy(net(train.pixels[batch]), train.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def evaluate(net: nn.Module, split: Split) -> tuple[float, float]:
    """Mean cross-entropy in nats and accuracy over the whole of `split`."""
    logits = net(split.pixels)
    loss = cross_entropy(logits.double(), split.labels)
    accuracy = (logits.argmax(dim=1) == split.labels).double().mean()
    return loss.item(), accuracy.item()


def has_flattened(train_losses: Sequence[float], window: int, tolerance: float) -> bool:
    """Whether the last `window` training losses lie within `tolerance` of one another.

    Chapter 3, @eq-stopping.
    """
    last = train_losses[-window:]
    return len(last) == window and max(last) - min(last) < tolerance


class Run:
    """A training run between two epochs: all that the next epoch depends on.

    Attributes:
        net: the weights so far.
        generator: draws the order of the next epoch's images.
        history: the epochs so far.
    """

    def __init__(self, homework: Homework, seed: int, device: torch.device) -> None:
        """A run before its first epoch; everything in it follows from `seed`."""
        self.homework = homework
        self.net = build_net(homework.layer_sizes, seed).to(device)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=homework.learning_rate)
        self.generator = torch.Generator().manual_seed(seed)
        self.history: list[Epoch] = []

    @property
    def flattened(self) -> bool:
        """Whether the training loss has flattened."""
        losses = [epoch.train_loss for epoch in self.history]
        return has_flattened(losses, self.homework.flat_window, self.homework.flat_tolerance)

    @property
    def finished(self) -> bool:
        """Whether the training loss has flattened, or the cap on epochs is reached."""
        return self.flattened or len(self.history) >= self.homework.max_epochs

    def epochs(self, train: Split, test: Split) -> Iterator[Epoch]:
        """Trains epoch by epoch until finished, and yields each as soon as it is done.

        Args:
            train: standardised training images, on the run's device.
            test: standardised test images, likewise.

        Raises:
            DivergedError: the loss became infinite or NaN.
        """
        while not self.finished:
            start = time.perf_counter()
            order = torch.randperm(len(train), generator=self.generator).to(train.labels.device)
            train_epoch(self.net, self.optimizer, train, order, self.homework.batch_size)
            (train_loss, train_accuracy), (test_loss, test_accuracy) = (
                evaluate(self.net, split) for split in (train, test)
            )
            number = len(self.history) + 1
            if not torch.tensor([train_loss, test_loss]).isfinite().all():
                raise DivergedError(f"The loss is not finite after epoch {number}.")
            seconds = time.perf_counter() - start
            epoch = Epoch(number, train_loss, test_loss, train_accuracy, test_accuracy, seconds)
            self.history.append(epoch)
            yield epoch
