"""Adam's expected first moment, with and without bias correction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, localcontext

DIGITS = 60  # enough for 1 - beta^t to round correctly, however close beta is to 1


@dataclass(frozen=True)
class Expectation:
    """E(m_hat_t), with bias correction, and E(m_t), without it, at step t."""

    t: int
    corrected: float
    uncorrected: float


def expectations(mean: float, beta1: float, steps: Sequence[int]) -> list[Expectation]:
    """Adam's expected first moment for gradients of constant mean (@eq-expected-m, @eq-corrected).

    Args:
        mean: G = E(g_t).
        beta1: decay rate in [0, 1).
        steps: the steps t >= 1.
    """
    return [Expectation(t, float(mean), float(mean) * weight_sum(beta1, t)) for t in steps]


def weight_sum(beta: float, t: int) -> float:
    """1 - beta^t, the total weight of the gradients in a moving average (@eq-weight-sum).

    Correctly rounded, also where beta is so close to 1 that floating-point subtraction would
    cancel. `beta` means its shortest decimal: 0.9 is nine tenths.
    """
    with localcontext(prec=DIGITS):
        return float(1 - Decimal(repr(float(beta))) ** t)


def adam_as_json(mean: float, beta1: float, steps: Sequence[int]) -> str:
    """E(m_hat_t) and E(m_t) as one JSON object, in full precision."""
    rows = [asdict(row) for row in expectations(mean, beta1, steps)]
    return json.dumps({"beta1": beta1, "mean": mean, "rows": rows})


def adam_as_text(mean: float, beta1: float, steps: Sequence[int]) -> str:
    """The same numbers as a table to read."""
    lines = [f"{'t':>12}  {'with correction':>22}  {'without':>22}"]
    for row in expectations(mean, beta1, steps):
        lines.append(f"{row.t:12d}  {row.corrected!r:>22}  {row.uncorrected!r:>22}")
    return "\n".join(lines)
