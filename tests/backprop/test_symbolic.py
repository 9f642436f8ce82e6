from __future__ import annotations

import pytest
import sympy
from hypothesis import given, settings
from sympy import Rational, exp
from test_network import GOOD

from hw1lib.backprop.manual import forward
from hw1lib.backprop.network import PARAMETERS, Network, parse_network
from hw1lib.backprop.symbolic import SymbolicNetwork
from networks import networks


def test_values_are_exact() -> None:
    symbolic = SymbolicNetwork(parse_network(GOOD))
    assert list(symbolic.z_O) == [Rational(3, 2), 0]
    wanted = exp(Rational(3, 2)) / (1 + exp(Rational(3, 2)))
    assert sympy.simplify(symbolic.gradient("b_O")[0] - wanted) == 0
    assert not symbolic.gradient("W_H").has(sympy.Float)


@settings(max_examples=20, deadline=None)
@given(networks(largest=2))
def test_the_loss_written_out_in_all_parameters_has_the_same_derivatives(network: Network) -> None:
    """The whole loss as one expression of every parameter, differentiated in one go."""
    symbols = {
        name: sympy.Matrix(
            *network.exact(name).shape, lambda i, j, n=name: sympy.Symbol(f"{n}_{i}{j}")
        )
        for name in PARAMETERS
    }
    values = {s: v for n in PARAMETERS for s, v in zip(symbols[n], network.exact(n), strict=True)}
    z_H = symbols["W_H"] * network.exact("x") + symbols["b_H"]
    forms = {
        "relu": lambda z: sympy.Piecewise((z, z > 0), (0, True)),
        "sigmoid": lambda z: 1 / (1 + exp(-z)),
        "tanh": sympy.tanh,
        "identity": lambda z: z,
    }
    z_O = symbols["W_O"] * z_H.applyfunc(forms[network.activation]) + symbols["b_O"]
    y = network.exact("y")
    if network.output == "softmax":
        loss = sympy.log(sum(exp(z) for z in z_O)) - y.dot(z_O)
    else:
        loss = sympy.log(1 + exp(z_O[0])) - y[0] * z_O[0]
    symbolic = SymbolicNetwork(network)
    for name in PARAMETERS:
        for symbol, ours in zip(symbols[name], symbolic.gradient(name), strict=True):
            theirs = loss.diff(symbol).subs(values)
            assert abs(complex((theirs - ours).evalf(30))) < 1e-20


def test_large_networks_are_computed_to_many_digits() -> None:
    size = 8
    network = parse_network(
        {
            "x": [f"{i}/7" for i in range(size)],
            "y": [1] + [0] * (size - 1),
            "W_H": [[f"{i - j}/9" for j in range(size)] for i in range(size)],
            "b_H": [0] * size,
            "W_O": [[f"{i + j}/11" for j in range(size)] for i in range(size)],
            "b_O": [0] * size,
            "activation": "tanh",
        }
    )
    symbolic = SymbolicNetwork(network)
    assert not symbolic.is_exact
    assert abs(sum(symbolic.delta_O)) < 1e-40


@settings(max_examples=20, deadline=None)
@given(networks())
def test_the_forward_pass_is_that_of_the_tensors(network: Network) -> None:
    symbolic, values = SymbolicNetwork(network), forward(network)
    for name in ("z_H", "h", "z_O", "y_hat"):
        exact = [float(value.evalf(30)) for value in getattr(symbolic, name)]
        assert getattr(values, name).tolist() == pytest.approx(exact, rel=1e-12, abs=1e-15)
    assert float(values.loss) == pytest.approx(float(symbolic.loss.evalf(30)), rel=1e-9, abs=1e-15)
