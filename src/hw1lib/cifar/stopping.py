"""When to stop: rules that look at the losses of the epochs so far."""

from __future__ import annotations

from collections.abc import Sequence


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
