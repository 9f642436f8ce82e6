"""How many digits each line of chapter 1 shows, so that a reader who redoes it finds it right."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hw1lib.backprop.manual import Forward, Gradients
from hw1lib.backprop.network import Network
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
    x, y, W_O, b_O = map(network.tensor, ("x", "y", "W_O", "b_O"))
    softmax = network.output == "softmax"
    squash = torch.nn.Softmax(dim=0) if softmax else torch.nn.Sigmoid()

    def f(z: Tensor) -> Tensor:
        linear = network.activation == "identity"
        return z.clone() if linear else getattr(torch, network.activation)(z)

    def slope(z: Tensor) -> Tensor:
        z = z.requires_grad_()
        return torch.autograd.grad(f(z).sum(), z)[0]

    z_O = enough_digits(squash, [values.z_O], values.y_hat)
    h = enough_digits(lambda h: W_O @ h + b_O, [values.h], values.z_O, z_O)
    grad_h = enough_digits(torch.mul, [gradients.dL_dh, gradients.slope], gradients.b_H)
    z_H = max(
        enough_digits(f, [values.z_H], values.h, h),
        enough_digits(slope, [values.z_H], gradients.slope, grad_h),
    )
    return Digits(
        z_H=z_H,
        h=h,
        z_O=z_O,
        y_hat=enough_digits(lambda y_hat: y_hat - y, [values.y_hat], gradients.b_O),
        grad_O=enough_digits(torch.outer, [gradients.b_O, values.h], gradients.W_O),
        delta_O=enough_digits(lambda d: W_O.T @ d, [gradients.b_O], gradients.dL_dh, grad_h),
        grad_h=grad_h,
        grad_H=enough_digits(lambda d: torch.outer(d, x), [gradients.b_H], gradients.W_H),
    )
