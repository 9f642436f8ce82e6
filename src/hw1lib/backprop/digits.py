"""How many digits each line of chapter 1 shows, so that a reader who redoes it finds it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hw1lib.backprop.certified import Forward, Gradients
from hw1lib.backprop.formulas import evaluate
from hw1lib.backprop.network import REQUIRED, Network
from hw1lib.backprop.passes import formulas
from hw1lib.display import enough_digits


@dataclass(frozen=True)
class Digits:
    """Decimals of the values on the way; results have `display.DIGITS`.

    Attributes:
        z_H: in the forward pass.
        h: in the forward pass.
        z_O: in the forward pass.
        y_hat: in the difference delta_O = y_hat - y.
        grad_O: of delta_O and h in their product.
        delta_O: in the product W_O^T delta_O.
        grad_h: of W_O^T delta_O and the slope in their product.
        grad_H: of delta_H in its product with x.
    """

    z_H: int
    h: int
    z_O: int
    y_hat: int
    grad_O: int
    delta_O: int
    grad_h: int
    grad_H: int


def digits_on_the_way(network: Network, values: Forward, gradients: Gradients) -> Digits:
    """Fewest decimals with which each line's numbers give the next line as it is printed."""
    fields = {name: network.tensor(name).numpy() for name in REQUIRED}
    steps = dict(formulas(network))

    def redo(step: str, *names: str) -> Callable[..., Tensor]:
        """A step of the passes, from other values of the names."""

        def value(*operands: Tensor) -> Tensor:
            arrays = (operand.numpy() for operand in operands)
            with np.errstate(over="ignore"):
                return torch.from_numpy(
                    evaluate(steps[step], fields | dict(zip(names, arrays, strict=True)))
                )

        return value

    # torch's softmax, because the powers of large logits overflow
    squash = torch.nn.Softmax(dim=0) if network.output == "softmax" else redo("y_hat", "z_O")
    z_O = enough_digits(squash, [values.z_O], values.y_hat)
    h = enough_digits(redo("z_O", "h"), [values.h], values.z_O, z_O)
    grad_h = enough_digits(
        redo("db_H", "dL_dh", "slope"), [gradients.dL_dh, gradients.slope], gradients.b_H
    )
    z_H = max(
        enough_digits(redo("h", "z_H"), [values.z_H], values.h, h),
        enough_digits(redo("slope", "z_H"), [values.z_H], gradients.slope, grad_h),
    )
    return Digits(
        z_H=z_H,
        h=h,
        z_O=z_O,
        y_hat=enough_digits(redo("db_O", "y_hat"), [values.y_hat], gradients.b_O),
        grad_O=enough_digits(redo("dW_O", "db_O", "h"), [gradients.b_O, values.h], gradients.W_O),
        delta_O=enough_digits(redo("dL_dh", "db_O"), [gradients.b_O], gradients.dL_dh, grad_h),
        grad_h=grad_h,
        grad_H=enough_digits(redo("dW_H", "db_H"), [gradients.b_H], gradients.W_H),
    )
