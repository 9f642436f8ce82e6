"""Question 3's training: plain SGD with the backward pass that chapter 1 derives."""

from __future__ import annotations

import time
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from hw1lib.cifar.data import Cifar10, Split
from hw1lib.cifar.model import Layers, build_net, layers_of
from hw1lib.cifar.stopping import has_flattened, has_turned
from hw1lib.homework import Homework

Row: TypeAlias = dict[str, float]
EVALUATED_AT_ONCE = 1_000


class DivergedError(ArithmeticError):
    """The loss is not a number any more."""


def standardise(data: Cifar10, device: torch.device) -> tuple[Split, Split]:
    """Both splits as float32, by mean and standard deviation of the training pixels (@sec-data).

    Returns:
        The training and the test set; their pixels have shape (N, 1024) and no unit.
    """
    counts = torch.bincount(data.train.pixels.flatten(), minlength=256).double()
    levels = torch.arange(256, dtype=torch.float64)
    mean = ((counts @ levels) / counts.sum()).item()
    deviation = ((counts @ (levels - mean).square()) / counts.sum()).sqrt().item()

    def scaled(split: Split) -> Split:
        values = split.pixels.to(device).float().sub_(mean).div_(deviation)
        return Split(values, split.labels.to(device))

    return scaled(data.train), scaled(data.test)


def hold_out(labels: Tensor, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Parts a training set for validation: as many images of each class (@sec-early).

    Args:
        labels: (N,) class of every image.
        count: images to hold out, spread evenly over the classes.
        seed: of the choice.

    Returns:
        Indices of the images that are kept, and of those held out, both in ascending order.
    """
    generator = torch.Generator().manual_seed(seed)
    classes = labels.unique().tolist()
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for label in classes:
        images = (labels.cpu() == label).nonzero().flatten()
        shuffled = images[torch.randperm(len(images), generator=generator)]
        chosen[shuffled[: count // len(classes)]] = True
    return (~chosen).nonzero().flatten(), chosen.nonzero().flatten()


@torch.no_grad()
def train_epoch(
    layers: Layers, train: Split, order: Tensor, batch_size: int, learning_rate: float
) -> None:
    """One pass of SGD over the images in `order` (@sec-training), the last short batch included.

    Args:
        layers: weights and biases, changed in place.
        train: standardised images.
        order: (N,) indices into `train`.
        batch_size: images a step.
        learning_rate: fixed; there is no momentum and no decay.
    """
    classes = len(layers[-1][1])
    one_hot = torch.eye(classes, dtype=train.pixels.dtype, device=train.pixels.device)
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
        learning_rate: of the mean loss over the batch.
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


@torch.no_grad()
def evaluate(net: nn.Module, split: Split) -> tuple[Tensor, Tensor]:
    """What the net makes of every image.

    Returns:
        Cross-entropy in nats, (N,) float64, and whether the largest logit is the right one's,
        (N,) bool.
    """
    logits = torch.cat([net(pixels) for pixels in split.pixels.split(EVALUATED_AT_ONCE)])
    losses = cross_entropy(logits.double(), split.labels, reduction="none")
    return losses, logits.argmax(dim=1) == split.labels


class Run:
    """A training run between two epochs: all that the next epoch depends on.

    Attributes:
        net: the weights so far.
        generator: draws the order of the next epoch's images.
        history: a row an epoch. `epoch` counts from 1; `train_loss`, `test_loss` and, where
            images are held out, `validation_loss` are the mean cross-entropy over the whole set
            after the epoch, in nats; `train_accuracy` and so on the share of images classified
            right, 0 to 1; `seconds` the wall time of the epoch with its evaluation.
    """

    def __init__(
        self, homework: Homework, seed: int, device: torch.device, held_out: bool = False
    ) -> None:
        """A run before its first epoch; everything in it follows from `seed`.

        Args:
            homework: sizes, learning rate and stopping rule.
            seed: of the initial weights and of the order of the images.
            device: where the net lives.
            held_out: whether images are held out, and training stops by the loss on them.
        """
        self.homework, self.held_out = homework, held_out
        self.net = build_net(homework.layer_sizes, seed).to(device)
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
        """Whether the stopping rule is met, or the cap on epochs is reached."""
        return self.settled or len(self.history) >= self.homework.max_epochs

    def next_epoch(self, train: Split, test: Split) -> Row:
        """Trains one epoch, evaluates, and adds the row that it returns to the history.

        Args:
            train: standardised training images, on the run's device.
            test: standardised test images, likewise.

        Raises:
            DivergedError: the loss became infinite or NaN; names epoch and step.
        """
        start = time.perf_counter()
        number = len(self.history) + 1
        sets = self._sets(train)
        shuffled = torch.randperm(len(sets["train"]), generator=self.generator)
        order = sets["train"][shuffled].to(train.labels.device)
        before = {name: value.clone() for name, value in self.net.state_dict().items()}
        self._descend(train, order)
        row = {"epoch": float(number), **_scores(self.net, train, sets)}
        row |= _scores(self.net, test, {"test": torch.arange(len(test))})
        if not torch.tensor(list(row.values())).isfinite().all():
            step = self._diverging_step(before, train, order)
            raise DivergedError(f"The loss is not finite in epoch {number} after step {step}.")
        row["seconds"] = time.perf_counter() - start
        self.history.append(row)
        return row

    def _sets(self, train: Split) -> dict[str, Tensor]:
        """Which training images are trained on, and which are held out."""
        if not self.held_out:
            return {"train": torch.arange(len(train))}
        kept, held = hold_out(train.labels, self.homework.held_out)
        return {"train": kept, "validation": held}

    def _descend(self, train: Split, order: Tensor) -> None:
        homework = self.homework
        train_epoch(layers_of(self.net), train, order, homework.batch_size, homework.learning_rate)

    def _diverging_step(self, before: dict[str, Tensor], train: Split, order: Tensor) -> int:
        """The step, counted from 1, after which the weights are not finite; repeats the epoch."""
        self.net.load_state_dict(before)
        batches = order.split(self.homework.batch_size)
        for step, batch in enumerate(batches, start=1):
            self._descend(train, batch)
            if not all(value.isfinite().all() for value in self.net.state_dict().values()):
                return step
        return len(batches)


def _scores(net: nn.Module, split: Split, sets: dict[str, Tensor]) -> Row:
    """Mean loss and accuracy over each of the `sets` of images of `split`."""
    losses, right = evaluate(net, split)
    row = {}
    for name, images in sets.items():
        images = images.to(losses.device)
        row[f"{name}_loss"] = losses[images].mean().item()
        row[f"{name}_accuracy"] = right[images].double().mean().item()
    return row
