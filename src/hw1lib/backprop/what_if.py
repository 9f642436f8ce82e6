"""What if a hidden unit that is off came alive, or one that is on were switched off?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sympy import Rational, floor

from hw1lib.backprop.network import Network
from hw1lib.backprop.symbolic import SymbolicNetwork


@dataclass(frozen=True)
class WhatIf:
    """The same network with another bias in one hidden unit.

    Attributes:
        unit: the hidden unit, counted from 0.
        before: its bias in the file.
        after: the bias that switches it.
        revives: whether it comes alive, rather than being switched off.
        network: the changed network.
    """

    unit: int
    before: Rational
    after: Rational
    revives: bool
    network: Network


def switch_unit(network: Network) -> WhatIf | None:
    """Changes one bias so that the first ReLU that is off comes alive, or if all are on goes off.

    For @sec-what-if.

    The bias's sign is flipped where that does it; else the nearest whole number that does is
    taken. None for activations that can't be off.
    """
    if network.activation != "relu":
        return None
    z_H = list(SymbolicNetwork(network).z_H)
    off = [unit for unit, z in enumerate(z_H) if z <= 0]
    unit = off[0] if off else 0
    before, rest = network.b_H[unit], z_H[unit] - network.b_H[unit]
    flipped = rest - before
    if (flipped > 0) == bool(off) and flipped != 0:
        after = -before
    else:
        after = floor(-rest) + 1 if off else -floor(rest) - 1
    biases = tuple(after if i == unit else bias for i, bias in enumerate(network.b_H))
    return WhatIf(unit, before, after, bool(off), replace(network, b_H=biases))
