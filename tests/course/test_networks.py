from __future__ import annotations

import json

import pytest
import torch

from exercises import DESIGNS
from hw1lib.backprop.agreement import autograd_gradients, torch_loss
from hw1lib.backprop.network import parse_network
from hw1lib.course.networks import Design, student_network
from hw1lib.course.sheets import network_toml, solve
from hw1lib.errors import InputError


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_keys_agree_with_autograd_and_networks_are_exercises(design: Design) -> None:
    for number in range(8):
        check_exercise(design, f"s{number}")


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_200_keys_agree_with_autograd(design: Design) -> None:
    for number in range(200 // len(DESIGNS)):
        check_exercise(design, f"t{number}")


def check_exercise(design: Design, identifier: str) -> None:
    """By torch alone; what is small in its gradients, and nothing else, is listed as zero."""
    key = solve(identifier, "A", design)
    network = parse_network(json.loads(json.dumps(key["network"]), parse_float=str))
    loss = float(torch_loss(network)(*network.parameters().values()))
    assert key["loss"] == pytest.approx(loss, rel=1e-12)
    assert 0.3 <= loss <= 4
    small = set()
    for name, expected in autograd_gradients(network).items():
        torch.testing.assert_close(torch.tensor(key[f"d{name}"]).double(), expected)
        for index in (expected.abs() < 1e-9).nonzero().tolist():
            small.add(f"d{name}[{','.join(str(i + 1) for i in index)}]")
    assert {zero["place"] for zero in key["zeros"]} == small
    reasons = {reason for zero in key["zeros"] for reason in zero["reasons"]}
    assert sum("outgoing weights" in reason for reason in reasons) == design.level
    assert 0 not in network.x
    assert not any("kink" in reason for reason in reasons)
    assert design.activation != "relu" or len(set(network.active)) == 2
    assert len(set(key["z_O"])) == len(key["z_O"])


def test_a_network_follows_from_secret_and_id_alone() -> None:
    """This one was made on 1 December 2026, and stays the same for ever."""
    network = student_network(Design("7", (2, 3, 2)), "ada")
    assert network_toml(network).splitlines()[:6] == [
        "x = [-1.5, 0.8]",
        "y = [1, 0]",
        "W_H = [[-1.5, 0.3], [-0.3, -0.6], [-1.7, 1]]",
        "b_H = [0.3, -0.1, -1.9]",
        "W_O = [[0.5, 1.3, 0.6], [0.5, -1.3, 1.7]]",
        "b_O = [-0.8, 0.3]",
    ]
    assert student_network(Design("8", (2, 3, 2)), "ada") != network


def test_designs_without_exercises_are_refused() -> None:
    for arguments in [
        ("0", (2, 1, 2)), ("0", (2, 5, 2)), ("0", (2, 3, 1)), ("0", (2, 3, 2), "relu", "sigmoid"),
        ("0", (2, 3, 2), "elu"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=r"^--"):
            Design(*arguments)  # type: ignore[arg-type]
