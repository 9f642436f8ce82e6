"""The mistakes that people make in a step of the passes, and what follows from them.

To add a mistake, add a line to `MISTAKES`, and a sentence if its kind is new. The page for practice
has the same table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hw1lib.backprop.activations import SIGMOID
from hw1lib.backprop.formulas import Array, parse
from hw1lib.backprop.network import READABLE, REQUIRED, Network
from hw1lib.backprop.passes import STEPS, formulas, take

# The message on a mistake, by its kind.
SENTENCES = {
    "bias": "The bias is missing.",
    "turned": "The matrix is used the wrong way round: each of its rows belongs to one result.",
    "activation": "This is the value before the activation: apply f.",
    "swapped": "h and x are swapped: the hidden layer sees x, the output layer sees h.",
    "early_z": "This uses z_H: the output layer sees h, the value after the activation.",
    "softmax": "The output function is missing: it turns the logits into probabilities first.",
    "sigmoid": "The sigmoid stands in the place of softmax, so the entries need not sum to 1.",
    "log_2": "This is the logarithm to base 2; the loss has the natural one.",
    "log_10": "This is the logarithm to base 10; the loss has the natural one.",
    "log_sign": "The minus sign is missing: the loss is never negative.",
    "squared_loss": "This is the squared error; the loss here is the cross-entropy.",
    "sign": "The sign is flipped: the error is ŷ − y, not y − ŷ.",
    "squared": "This is the derivative of the squared error, not of the cross-entropy.",
    "transposed": "Rows and columns are swapped: the row is the unit where a weight ends.",
    "not_transposed": "W_O is not transposed: going back, its column j belongs to hidden unit j.",
    "slope": "The slope f′(z_H) is missing.",
    "wrong_slope": "The slope belongs to another unit: each entry takes that of its own unit.",
}


@dataclass(frozen=True)
class Mistake:
    """What somebody may do in place of a step.

    Attributes:
        step: the value that it gets wrong first.
        kind: its name in `SENTENCES`.
        formula: what gives that value then; in it, the value itself is still the right one.
    """

    step: str
    kind: str
    formula: str

    @property
    def sentence(self) -> str:
        """What to say of it."""
        return SENTENCES[self.kind]


MISTAKES = (
    Mistake("z_H", "bias", "W_H @ x"),
    Mistake("z_H", "turned", "W_H.T @ x + b_H"),
    Mistake("h", "activation", "z_H"),
    Mistake("z_O", "bias", "W_O @ h"),
    Mistake("z_O", "swapped", "W_O @ x + b_O"),
    Mistake("z_O", "early_z", "W_O @ z_H + b_O"),
    Mistake("z_O", "turned", "W_O.T @ h + b_O"),
    Mistake("y_hat", "softmax", "z_O"),
    Mistake("y_hat", "sigmoid", SIGMOID.format("z_O")),
    Mistake("loss", "log_2", "loss / log(2)"),
    Mistake("loss", "log_10", "loss / log(10)"),
    Mistake("loss", "log_sign", "-loss"),
    Mistake("loss", "squared_loss", "sum((y_hat - y) ** 2)"),
    Mistake("loss", "squared_loss", "sum((y_hat - y) ** 2) / 2"),
    Mistake("db_O", "sign", "-db_O"),
    Mistake("db_O", "softmax", "z_O - y"),
    Mistake("db_O", "squared", "y_hat * (db_O - y_hat @ db_O)"),
    Mistake("db_O", "squared", "2 * y_hat * (db_O - y_hat @ db_O)"),
    Mistake("dW_O", "transposed", "dW_O.T"),
    Mistake("dW_O", "swapped", "outer(db_O, x)"),
    Mistake("dW_O", "early_z", "outer(db_O, z_H)"),
    Mistake("dL_dh", "not_transposed", "W_O @ db_O"),
    *(
        Mistake("db_H", "wrong_slope", f"dL_dh * roll(slope, {shift})")
        for shift in range(1, READABLE)
    ),
    Mistake("db_H", "slope", "dL_dh"),
    Mistake("dW_H", "transposed", "dW_H.T"),
    Mistake("dW_H", "swapped", "outer(db_H, h)"),
)


def follow(
    network: Network, mistakes: Sequence[Mistake] = (), given: Mapping[str, Array] | None = None
) -> dict[str, Array]:
    """All values of both passes, by the names of `STEPS`, as mistakes and wrong values give them.

    A value is left out if a mistake makes it impossible, because shapes do not fit.

    Args:
        network: whose values they are.
        mistakes: what is done in place of steps.
        given: values that are taken as they are, whatever their steps would give.
    """
    given = given or {}
    numbers = {name: np.array(getattr(network, name), dtype=float) for name in REQUIRED}
    wrong = {mistake.step: parse(mistake.formula) for mistake in mistakes}
    steps = []
    for step, formula in formulas(network):
        if step not in given:
            steps.append((step, formula))
            if step in wrong:
                steps.append((step, wrong[step]))
    with np.errstate(all="ignore"):  # the logarithm of what is not a probability
        values = take(steps, {**numbers, **given})
    return {step: values[step] for step in STEPS if step in values}
