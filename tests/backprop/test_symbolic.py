from __future__ import annotations

import pytest
import sympy
from hypothesis import given, settings
from sympy import Rational, exp

from hw1lib.backprop.certified import forward
from hw1lib.backprop.network import Network, parse_network
from hw1lib.backprop.symbolic import loss_in, w, written_out
from networks import GOOD, networks


def test_values_are_exact() -> None:
    network = parse_network(GOOD)
    exact = written_out(network)
    assert list(exact["z_O"]) == [Rational(3, 2), 0]
    wanted = exp(Rational(3, 2)) / (1 + exp(Rational(3, 2)))
    slope = loss_in(network, "b_O", (0,)).diff(w).subs(w, Rational(1, 2))
    assert sympy.simplify(slope - wanted) == 0
    assert not loss_in(network, "W_H", (0, 1)).has(sympy.Float)


@settings(max_examples=12)
@given(networks())
def test_the_expressions_are_those_of_the_passes(network: Network) -> None:
    exact, values = written_out(network), forward(network)
    for name in ("z_H", "h", "z_O", "y_hat"):
        wanted = [float(value.evalf(30)) for value in exact[name]]
        assert getattr(values, name).tolist() == pytest.approx(wanted, rel=1e-14, abs=1e-30)
    assert float(values.loss) == pytest.approx(float(exact["loss"].evalf(30)), rel=1e-14, abs=1e-25)
