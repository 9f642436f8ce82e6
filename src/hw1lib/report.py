"""Question 2 as text and as JSON, for the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from hw1lib.adam.moments import expectations


def adam_as_json(mean: float, beta1: float, steps: Sequence[int]) -> str:
    """E(m_hat_t) and E(m_t) as one JSON object, in full precision."""
    rows = [asdict(row) for row in expectations(mean, beta1, steps)]
    return json.dumps({"beta1": beta1, "mean": mean, "rows": rows})


def adam_as_text(mean: float, beta1: float, steps: Sequence[int]) -> str:
    """The same as a table to read."""
    lines = [f"{'t':>12}  {'with correction':>22}  {'without':>22}"]
    for row in expectations(mean, beta1, steps):
        lines.append(f"{row.t:12d}  {row.corrected!r:>22}  {row.uncorrected!r:>22}")
    return "\n".join(lines)
