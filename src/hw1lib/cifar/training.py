"""Training: one epoch of SGD, the rules that stop, the evaluation, and a run of many epochs.

The epoch is written twice: by autograd (`plain_epoch`), as one would write it, and by chapter 1's
backward pass (`train_epoch`), by which the runs train because it is faster. Both take the same
arguments and do the same arithmetic.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from hw1lib.cifar.data import Split, hold_out
from hw1lib.cifar.model import Layers, build_net, layers_of
from hw1lib.errors import InputError
from hw1lib.homework import Homework

EVALUATED_AT_ONCE = 1_000

Row: TypeAlias = dict[str, float]


def plain_epoch(
    net: nn.Sequential, train: Split, order: Tensor, batch_size: int, learning_rate: float
) -> None:
    """One pass of SGD over the images in `order`, by autograd and `torch.optim` (@sec-training).

    Args:
        net: net to train, in place.
        train: standardised images.
        order: (N,) indices into `train`.
        batch_size: number of images per step; the last batch may be shorter.
        learning_rate: fixed rate; there is no momentum and no decay.
    """
    optimizer = torch.optim.SGD(net.parameters(), lr=learning_rate)
    for batch in order.split(batch_size):
        loss = cross_entropy(net(train.pixels[batch]), train.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.inference_mode()
def train_epoch(
    net: nn.Sequential, train: Split, order: Tensor, batch_size: int, learning_rate: float
) -> None:
    """The same pass by `sgd_step`: no graph is recorded, and weights change where they lie."""
    layers = layers_of(net)
    one_hot = torch.eye(len(layers[-1][1])).to(train.pixels)
    targets = one_hot[train.labels[order]]
    for batch, y in zip(order.split(batch_size), targets.split(batch_size), strict=True):
        sgd_step(layers, train.pixels.index_select(0, batch), y, learning_rate)


def sgd_step(layers: Layers, x: Tensor, y: Tensor, learning_rate: float) -> None:
    """Forward pass, backward pass and update for one batch; one image is one row.

    Chapter 3, @eq-step: the equations of chapter 1 (@eq-forward, @eq-delta-o, @eq-delta-h,
    @eq-grad-o, @eq-grad-h) carried on through more layers.

    Args:
        layers: weights (outputs, inputs) and biases (outputs,), changed in place.
        x: (B, inputs of the first layer).
        y: (B, classes), one-hot.
        learning_rate: rate for the mean loss over the batch.
    """
    hidden = [x]
    for W, b in layers[:-1]:
        hidden.append(linear(hidden[-1], W, b).relu_())
    W, b = layers[-1]
    deltas = [linear(hidden[-1], W, b).softmax(dim=1).sub_(y)]  # y_hat - y
    for (W, _), h in zip(layers[:0:-1], hidden[:0:-1], strict=True):
        # The sign of h is ReLU's slope.
        deltas.append((deltas[-1] @ W).mul_(h.sign()))
    for (W, b), h, delta in zip(layers, hidden, reversed(deltas), strict=True):
        W.addmm_(delta.t(), h, alpha=-learning_rate / len(x))
        b.add_(delta.sum(dim=0), alpha=-learning_rate / len(x))


@torch.inference_mode()
def evaluate(net: nn.Module, split: Split) -> tuple[Tensor, Tensor]:
    """The net's loss on every image, and whether it classifies the image correctly.

    Returns:
        Cross-entropy in nats, (N,) float64, and whether the largest logit is that of the right
        class, (N,) bool.
    """
    logits = torch.cat([net(pixels) for pixels in split.pixels.split(EVALUATED_AT_ONCE)])
    losses = cross_entropy(logits.double(), split.labels, reduction="none")
    return losses, logits.argmax(dim=1) == split.labels


def has_flattened(train_losses: Sequence[float], window: int, tolerance: float) -> bool:
    """Whether the last `window` training losses lie within `tolerance` of one another.

    Chapter 3, @eq-stopping.

    Args:
        train_losses: loss over the training set after each epoch, in nats.
        window: number of epochs.
        tolerance: largest spread that still counts as flat, in nats, itself excluded.
    """
    last = train_losses[-window:]
    return len(last) == window and max(last) - min(last) < tolerance


def has_turned(validation_losses: Sequence[float], patience: int) -> bool:
    """Whether the lowest validation loss is `patience` epochs old (@eq-early-stopping).

    Args:
        validation_losses: loss over the held-out images after each epoch, in nats.
        patience: number of epochs.
    """
    epochs = len(validation_losses)
    return epochs > 0 and epochs - lowest(validation_losses) >= patience


def lowest(losses: Sequence[float]) -> int:
    """The epoch, counted from 1, after which the loss was lowest; the first of several."""
    return min(range(len(losses)), key=losses.__getitem__) + 1


class Run:
    """A training run between two epochs: all that the next epoch depends on.

    Attributes:
        homework: its numbers.
        seed: of the initial weights and of the order of the images.
        held_out: whether images are held out, and the loss on them ends the training.
        net: net with the weights so far.
        generator: random state that shuffles the images of the next epoch.
        history: one row per epoch. `epoch` counts from 1; `train_loss`, `test_loss` and, where
            images are held out, `validation_loss` are the mean cross-entropy over the whole set
            after the epoch, in nats; `train_accuracy` and so on are the share of images classified
            correctly, 0 to 1; `seconds` is the wall time of the epoch and its evaluation.
    """

    def __init__(self, homework: Homework, seed: int, held_out: bool = False) -> None:
        """A run before its first epoch: `seed` gives the weights and the order of the images.

        With `held_out`, images are held out, and the loss on them ends the training.
        """
        self.homework, self.seed, self.held_out = homework, seed, held_out
        self.net = build_net(homework.layer_sizes, seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.history: list[Row] = []

    @property
    def settled(self) -> bool:
        """Whether the stopping rule is met."""
        homework = self.homework
        if self.held_out:
            return has_turned([row["validation_loss"] for row in self.history], homework.patience)
        losses = [row["train_loss"] for row in self.history]
        return has_flattened(losses, homework.flat_window, homework.flat_tolerance)

    @property
    def finished(self) -> bool:
        """Whether the stopping rule is met or the largest number of epochs is reached."""
        return self.settled or len(self.history) >= self.homework.max_epochs

    def next_epoch(self, train: Split, test: Split) -> Row:
        """Trains and evaluates one epoch, and adds the row that it returns to the history.

        Both splits are standardised.

        Raises:
            InputError: a loss became infinite or NaN.
        """
        start = time.perf_counter()
        homework, number = self.homework, len(self.history) + 1
        sets = {"train": torch.arange(len(train))}
        if self.held_out:
            sets["train"], sets["validation"] = hold_out(train.labels, homework.held_out)
        order = sets["train"][torch.randperm(len(sets["train"]), generator=self.generator)]
        train_epoch(self.net, train, order, homework.batch_size, homework.learning_rate)
        row = {"epoch": float(number)}
        row |= self._scores(train, sets)
        row |= self._scores(test, {"test": torch.arange(len(test))})
        if not torch.tensor(list(row.values())).isfinite().all():
            raise InputError(
                f"The loss is not finite after epoch {number}: choose a smaller learning rate."
            )
        row["seconds"] = time.perf_counter() - start
        self.history.append(row)
        return row

    def _scores(self, split: Split, sets: dict[str, Tensor]) -> Row:
        """Mean loss and accuracy over each of the `sets` of images in `split`."""
        losses, right = evaluate(self.net, split)
        row = {}
        for name, images in sets.items():
            row[f"{name}_loss"] = losses[images].mean().item()
            row[f"{name}_accuracy"] = right[images].double().mean().item()
        return row
