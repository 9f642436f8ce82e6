"""Question 1's answers as text and as JSON, for the command line."""

from __future__ import annotations

import json

from torch import Tensor

from hw1lib.backprop.agreement import GradientCheck, check_gradients
from hw1lib.backprop.network import PARAMETERS, Network
from hw1lib.backprop.zeros import Zero, find_zeros


def gradients_as_json(network: Network) -> str:
    """Forward pass, gradients, zeros and agreement as one JSON object, in full precision."""
    check, zeros = _solve(network)
    return json.dumps(
        {
            "forward": {name: value.tolist() for name, value in vars(check.values).items()},
            "gradients": {name: getattr(check.by_hand, name).tolist() for name in PARAMETERS},
            "zeros": [
                {"parameter": zero.parameter, "index": zero.index, "reason": zero.reason}
                for zero in zeros
            ],
            "agreement": check.agreement,
        }
    )


def gradients_as_text(network: Network) -> str:
    """The same to read, in six significant digits."""
    check, zeros = _solve(network)
    return "\n".join(
        [
            "Forward pass",
            *(f"  {name:6}{_plain(value)}" for name, value in vars(check.values).items()),
            "Derivatives of the loss",
            *(f"  {name:6}{_plain(getattr(check.by_hand, name))}" for name in PARAMETERS),
            f"Zero derivatives: {len(zeros)} of {check.total} (rows and columns from 1)",
            *(f"  {_place(zero)}: {zero.reason}" for zero in zeros),
            "Largest difference from",
            *(f"  {way.replace('_', ' '):18}{gap:.1e}" for way, gap in check.agreement.items()),
        ]
    )


def _solve(network: Network) -> tuple[GradientCheck, list[Zero]]:
    check = check_gradients(network)
    return check, find_zeros(network, check.values, check.by_hand)


def _place(zero: Zero) -> str:
    """An entry such as W_H[2, 1], counted from 1."""
    return f"{zero.parameter}{[i + 1 for i in zero.index]}"


def _plain(values: Tensor) -> str:
    """Numbers in six significant digits, nested as the tensor is; 0 only where a number is 0."""
    if values.ndim:
        return f"[{', '.join(map(_plain, values))}]"
    return f"{float(values):.6g}"
