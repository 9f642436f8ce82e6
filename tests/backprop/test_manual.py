from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from test_network import GOOD

from hw1lib.backprop.manual import backward, forward
from hw1lib.backprop.network import PARAMETERS, Network, parse_network
from networks import networks


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
    network = parse_network(GOOD)
    gradients = backward(network, forward(network))
    error = 1 / (1 + math.exp(-1.5))  # the prediction of the wrong class: delta_O = (e, -e)
    for name, wanted in {
        "b_O": [error, -error],
        "W_O": [[error, 0, 0], [-error, 0, 0]],  # only the first hidden unit is on, with h = 1
        "b_H": [error, 0, 0],
        "W_H": [[error, -2 * error], [0, 0], [0, 0]],
    }.items():
        assert getattr(gradients, name).tolist() == [pytest.approx(row) for row in wanted], name


@given(networks())
def test_prediction_is_a_distribution_and_gradients_have_their_shapes(network: Network) -> None:
    values = forward(network)
    gradients = backward(network, values)
    if network.output == "softmax":
        assert float(values.y_hat.sum()) == pytest.approx(1)
    assert (values.y_hat >= 0).all()
    assert (values.y_hat <= 1).all()
    assert values.loss >= 0
    for name in PARAMETERS:
        assert getattr(gradients, name).shape == network.tensor(name).shape


@pytest.mark.parametrize(("logit", "loss"), [(1000, 2000.0), (-1000, 0.0)])
def test_huge_logits_give_the_exact_loss(logit: int, loss: float) -> None:
    fields = {**GOOD, "W_O": [[0] * 3, [0] * 3], "b_O": [logit, -logit]}
    values = forward(parse_network(fields))
    assert float(values.loss) == loss
    one = {**GOOD, "W_O": [[0] * 3], "b_O": [2 * logit], "y": 0, "output": "sigmoid"}
    assert float(forward(parse_network(one)).loss) == loss
    assert torch.isfinite(backward(parse_network(fields), values).W_O).all()
