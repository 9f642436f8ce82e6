"""Question 1 as text and as JSON, for the command line."""

from __future__ import annotations

import json

from torch import Tensor

from hw1lib.backprop.check import GradientCheck, check_gradients
from hw1lib.backprop.network import PARAMETERS, Network
from hw1lib.backprop.zeros import Zero, find_zeros

FORWARD = ("z_H", "h", "z_O", "y_hat", "loss")


def gradients_as_json(network: Network) -> str:
    """Forward pass, gradients, zeros and agreement as one JSON object, in full precision."""
    check, zeros = _solve(network)
    forward = {name: (getattr(check.values, name) + 0.0).tolist() for name in FORWARD}
    gradients = {
        name: getattr(check.by_hand, name).tolist() for name in ("W_O", "b_O", "W_H", "b_H")
    }
    listed = [{"parameter": z.parameter, "index": z.index, "reason": z.reason} for z in zeros]
    return json.dumps(
        {
            "forward": forward,
            "gradients": gradients,
            "zeros": listed,
            "agreement": check.agreement,
        }
    )


def gradients_as_text(network: Network) -> str:
    """The same to read."""
    check, zeros = _solve(network)
    lines = ["Forward pass"]
    lines += [f"  {name:6}{_plain(getattr(check.values, name))}" for name in FORWARD]
    lines += ["Derivatives of the loss"]
    lines += [f"  {name:6}{_plain(getattr(check.by_hand, name))}" for name in PARAMETERS]
    lines += [f"Zero derivatives: {len(zeros)} of {check.total}"]
    lines += [f"  {zero.parameter}{list(zero.index)}: {zero.reason}" for zero in zeros]
    lines += ["Largest difference from"]
    lines += [f"  {method:18}{value:.1e}" for method, value in check.agreement.items()]
    return "\n".join(lines)


def _solve(network: Network) -> tuple[GradientCheck, list[Zero]]:
    check = check_gradients(network)
    return check, find_zeros(check)


def _plain(values: Tensor) -> str:
    """Numbers rounded to six decimals, nested as the tensor is."""
    numbers = values.tolist()
    return _rounded(numbers) if isinstance(numbers, list) else f"{numbers:.6f}"


def _rounded(numbers: list[float] | list[list[float]]) -> str:
    items = [_rounded(n) if isinstance(n, list) else f"{n + 0.0:.6f}" for n in numbers]
    return f"[{', '.join(items)}]"
