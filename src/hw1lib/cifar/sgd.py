"""One epoch of plain SGD, written twice: by autograd, and by chapter 1's backward pass.

`plain_epoch` is what one would write, `train_epoch` what trains here because it is faster.
They take the same arguments and do the same arithmetic.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from hw1lib.cifar.data import Split
from hw1lib.cifar.model import Layers, layers_of

EVALUATED_AT_ONCE = 1_000


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
