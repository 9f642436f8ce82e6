"""Forward and backward pass of a two-layer network, step for step as chapter 1 writes them.

Each step is a formula in numpy's notation, over whatever kind of number it is given. `mistakes`
takes the steps in floats, with what people get wrong in some of them, and so does the page for
practice, in JavaScript; `certified` takes them in intervals that contain the exact values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from numpy.typing import NDArray

from hw1lib.backprop.activations import FUNCTIONS, SIGMOID
from hw1lib.backprop.formulas import Functions, Number, Tree, evaluate, parse
from hw1lib.backprop.network import Network

Formula: TypeAlias = str | dict[str, str]  # by the activation or the output where it depends on one

# Each value from those before it (@eq-forward, @eq-prediction, @eq-loss).
FORWARD: dict[str, Formula] = {
    "z_H": "W_H @ x + b_H",
    "h": {name: activation.formula for name, activation in FUNCTIONS.items()},
    "z_O": "W_O @ h + b_O",
    "y_hat": {"softmax": "exp(z_O) / sum(exp(z_O))", "sigmoid": SIGMOID.format("z_O")},
    "loss": {
        "softmax": "-log(y @ y_hat)",
        "sigmoid": "-log(y @ y_hat + (1 - y) @ (1 - y_hat))",
    },
}
# The derivatives of the loss (@eq-delta-o, @eq-grad-o, @eq-grad-hidden, @eq-delta-h, @eq-grad-h);
# db_O is delta_O, and db_H is delta_H.
BACKWARD: dict[str, Formula] = {
    "db_O": "y_hat - y",
    "dW_O": "outer(db_O, h)",
    "dL_dh": "W_O.T @ db_O",
    "slope": {name: activation.slope for name, activation in FUNCTIONS.items()},
    "db_H": "dL_dh * slope",
    "dW_H": "outer(db_H, x)",
}
STEPS = FORWARD | BACKWARD


def formulas(network: Network, steps: Mapping[str, Formula] = STEPS) -> Iterator[tuple[str, Tree]]:
    """The steps in their order, each with the formula for the network's activation and output."""
    for step, formula in steps.items():
        if isinstance(formula, str):
            yield step, parse(formula)
        else:
            choice = network.output if "softmax" in formula else network.activation
            yield step, parse(formula[choice])


def take(
    steps: Iterable[tuple[str, Tree]],
    values: Mapping[str, NDArray[Number]],
    functions: Functions[Number] | None = None,
) -> dict[str, NDArray[Number]]:
    """The values that are there after some steps.

    A step whose operands are missing, or have shapes that do not fit, leaves no value.

    Args:
        steps: names of values, each with the formula that gives it.
        values: those that are there before, by name: x, y, and the parameters.
        functions: those that numpy lacks for this kind of number, by name.
    """
    known = dict(values)
    for step, formula in steps:
        try:
            known[step] = evaluate(formula, known, functions)
        except (KeyError, ValueError):
            known.pop(step, None)
    return known
