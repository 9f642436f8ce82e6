from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.network import PARAMETERS, Network, parse_network
from networks import GOOD, Oracle, networks


def test_forward_pass_of_a_worked_example() -> None:
    values = forward(parse_network(GOOD))
    assert values.z_H.tolist() == [1, -1, -1]
    assert values.h.tolist() == [1, 0, 0]
    assert values.z_O.tolist() == [1.5, 0]
    assert values.y_hat.tolist() == pytest.approx(
        [math.exp(1.5) / (1 + math.exp(1.5)), 1 / (1 + math.exp(1.5))], rel=1e-15
    )
    assert float(values.loss) == pytest.approx(math.log(1 + math.exp(1.5)), rel=1e-15)


def test_backward_pass_of_a_worked_example() -> None:
    gradients = backward(parse_network(GOOD))
    error = 1 / (1 + math.exp(-1.5))  # the prediction of the wrong class: delta_O = (e, -e)
    for name, wanted in {
        "b_O": [error, -error],
        "W_O": [[error, 0, 0], [-error, 0, 0]],  # only the first hidden unit is on, with h = 1
        "b_H": [error, 0, 0],
        "W_H": [[error, -2 * error], [0, 0], [0, 0]],
    }.items():
        assert getattr(gradients, name).tolist() == [pytest.approx(row) for row in wanted], name


def test_a_published_worked_example() -> None:
    """Mazur's network (2015) as he gives it, with softmax and cross-entropy in torch."""
    fields = {
        "x": ["0.05", "0.10"],
        "y": 1,
        "W_H": [["0.15", "0.20"], ["0.25", "0.30"]],
        "b_H": ["0.35", "0.35"],
        "W_O": [["0.40", "0.45"]],
        "b_O": ["0.60"],
        "activation": "sigmoid",
        "output": "sigmoid",
    }
    values = forward(parse_network(fields))
    assert values.z_H[0].item() == pytest.approx(0.3775, abs=1e-15)
    assert values.h.tolist() == pytest.approx([0.593269992, 0.596884378], abs=5e-10)
    assert values.z_O.tolist() == pytest.approx([1.105905967], abs=5e-10)
    assert values.y_hat.tolist() == pytest.approx([0.75136507], abs=5e-9)


@settings(max_examples=50)
@given(networks())
def test_the_forward_pass_is_right_to_the_last_digits(network: Network) -> None:
    values, oracle = forward(network), Oracle(network, 60)
    h, _, z_O = oracle.layers()
    shares = oracle.probabilities()
    size = len(network.b_O)
    for mine, wanted in (
        (values.h, h), (values.z_O, z_O[:size]), (values.y_hat, shares[:size]),
        (values.loss.view(1), [oracle.loss()]),
    ):  # fmt: skip
        assert mine.tolist() == pytest.approx([float(v) for v in wanted], rel=1e-14, abs=1e-50)
    gradients = backward(network)
    for name in PARAMETERS:
        assert getattr(gradients, name).shape == network.tensor(name).shape


@pytest.mark.parametrize(("logit", "loss"), [(1000, 2000.0), (-1000, 0.0)])
def test_huge_logits_give_the_exact_loss(logit: int, loss: float) -> None:
    fields = {**GOOD, "W_O": [[0] * 3, [0] * 3], "b_O": [logit, -logit]}
    values = forward(parse_network(fields))
    assert float(values.loss) == loss
    one = {**GOOD, "W_O": [[0] * 3], "b_O": [2 * logit], "y": 0, "output": "sigmoid"}
    assert float(forward(parse_network(one)).loss) == loss
    assert torch.isfinite(backward(parse_network(fields)).W_O).all()


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "identity"])
def test_the_largest_numbers_end_in_numbers(activation: str, output: str) -> None:
    huge = {**GOOD, "x": [10**6, 10**6], "W_H": [[10**6, 1], [1, 1], [-(10**6), 1]]}
    if output == "sigmoid":
        huge |= {"W_O": [[10**6, -1, "1e-30"]], "b_O": [1], "y": 0}
    network = parse_network({**huge, "activation": activation, "output": output})
    values, gradients = forward(network), backward(network)
    assert all(torch.isfinite(getattr(values, name)).all() for name in ("h", "z_O", "loss"))
    assert all(torch.isfinite(getattr(gradients, name)).all() for name in PARAMETERS)
