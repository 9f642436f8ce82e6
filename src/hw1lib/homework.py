"""The homework's numbers, in one place."""

from __future__ import annotations

from dataclasses import dataclass

SEEDS = (0, 1, 2, 3, 4)  # of question 3's runs


@dataclass(frozen=True)
class Homework:
    """Every number that the homework states, and the few that answering it needs.

    Attributes:
        adam_mean: Q2, the gradient's mean G = E(g_t).
        adam_beta1: Q2, the decay rate of the first moment.
        adam_steps: Q2, the steps t asked for.
        image_side: Q3, pixels along one side of a grayscale image.
        hidden_sizes: Q3, units of the three hidden layers.
        classes: Q3, units of the output layer.
        batch_size: Q3, images of one step of SGD.
        learning_rate: Q3, fixed during the whole run.
        flat_window: Q3, epochs over which the training loss must stand still to count as flat.
        flat_tolerance: Q3, how far it may still move within that window, in nats.
        max_epochs: Q3, the cap on epochs if it never flattens.
        held_out: Q3's extra, training images held out for validation, the same number per class.
        patience: Q3's extra, epochs without a lower validation loss after which training stops.
    """

    adam_mean: int = 2
    adam_beta1: float = 0.9
    adam_steps: tuple[int, ...] = (2, 10, 100)

    image_side: int = 32
    hidden_sizes: tuple[int, ...] = (256, 128, 64)
    classes: int = 10
    batch_size: int = 64
    learning_rate: float = 0.01
    flat_window: int = 10
    flat_tolerance: float = 0.01
    max_epochs: int = 300
    held_out: int = 5_000
    patience: int = 10

    @property
    def inputs(self) -> int:
        """Length of a flattened image."""
        return self.image_side**2

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Units of every layer of Q3's net, from the pixels to the classes."""
        return (self.inputs, *self.hidden_sizes, self.classes)
