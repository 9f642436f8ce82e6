"""Gradient descent on one example, by autograd and in many digits; which zeros are said to last."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.descent import LASTING, PASSING, Fate, fate_of, gradient_step
from hw1lib.backprop.network import Network, parse_network
from hw1lib.backprop.zeros import Kind, Zero, find_zeros
from networks import EXAMPLE, GOOD, MADE, Oracle, networks

RATE = 0.125
EXACT = {Kind.INACTIVE, Kind.KINK, Kind.INPUT, Kind.SINGLE}  # causes that no step can reach


def zeros_of(network: Network) -> list[Zero]:
    return find_zeros(network, forward(network), backward(network))


def fate(fields: dict[str, Any], rate: float = 0.1) -> Fate:
    network = parse_network(fields)
    return fate_of(network, zeros_of(network), rate)


def test_a_step_is_the_optimisers() -> None:
    """The last two steps of the example are taken from where autograd has been led by the first."""
    network = parse_network({**EXAMPLE, "activation": "tanh"})
    x, y = network.tensor("x"), network.tensor("y")
    parameters = {name: p.requires_grad_() for name, p in network.parameters().items()}
    optimizer = torch.optim.SGD(parameters.values(), lr=RATE)
    for _ in range(3):
        hidden = torch.tanh(parameters["W_H"] @ x + parameters["b_H"])
        logits = parameters["W_O"] @ hidden + parameters["b_O"]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, y).backward()
        optimizer.step()
        network = gradient_step(network, RATE)
        for name, parameter in parameters.items():
            assert torch.allclose(network.tensor(name), parameter, rtol=1e-13, atol=1e-15)


@settings(max_examples=60, deadline=None)
@given(networks(largest=3))
def test_zeros_last_and_pass_as_said(network: Network) -> None:
    """Every zero is judged by 200 digits; what is off, and an input of 0, last in every case."""
    zeros = zeros_of(network)
    told = fate_of(network, zeros, RATE)
    assert sorted([*told.lasting, *told.passing], key=str) == sorted(zeros, key=str)
    after = Oracle(gradient_step(network, RATE), 400).derivatives()
    for zero in zeros:
        assert (zero in told.lasting) == (float(after[zero.parameter, zero.index]) == 0)
        if EXACT & {cause.kind for cause in zero.causes}:
            assert zero in told.lasting


@pytest.mark.parametrize("fields", MADE)
def test_every_sentence_can_be_read(fields: dict[str, Any]) -> None:
    text = fate(fields).in_words()
    assert bool(text) == bool(zeros_of(parse_network(fields)))
    assert not text or text.startswith("After one step of gradient descent, ")
    assert "{" not in text
    assert text.count(".") <= 3  # one of them in the learning rate


def test_the_zeros_of_the_example() -> None:
    told = fate(EXAMPLE)
    assert told.in_short() == "After one step of gradient descent, 5 of the 8 are still zero."
    assert told.in_words() == (
        "After one step of gradient descent, 5 of the 8 are still zero (learning rate 0.1): a unit "
        "that is off stays off, since its incoming weights and its bias do not change. The others "
        "are not: outgoing weights that were equal have changed by different amounts."
    )
    network, counts = parse_network(EXAMPLE), []
    for _ in range(4):
        counts.append(len(zeros_of(network)))
        network = gradient_step(network, 0.1)
    assert counts == [8, 5, 5, 10]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"activation": "tanh", "W_O": [[1, 0, 1], [0, 1, 3]], "b_H": [0, 1, "1/2"]}, ""),
        ({"x": [0], "W_H": [[1]], "b_H": [1], "W_O": [[1], [2]]}, "it is still zero"),
        ({"x": [0], "W_H": [[1], [2]], "b_H": [1, 1], "W_O": [[1, 3], [2, 1]]},
         "both are still zero"),
        ({"x": [1], "W_H": [[0]], "b_H": [0], "W_O": [[1], [2]], "activation": "tanh"},
         "neither is zero any more"),
        ({"x": [1], "W_H": [[1]], "b_H": [0], "W_O": [[0], [0]]}, "neither is zero any more"),
        ({"x": [1, 2], "W_H": [[1, 0]], "b_H": [0], "W_O": [[0], [0]]}, "none of the 3"),
        ({"x": [1], "W_H": [[0]], "b_H": [0], "W_O": [[0], [0]], "activation": "tanh"},
         "all 4 are still zero"),
    ],
)  # fmt: skip
def test_sentences(fields: dict[str, Any], sentence: str) -> None:
    assert sentence in fate({**GOOD, **fields}).in_short()


def test_every_kind_has_a_reason() -> None:
    assert LASTING.keys() | PASSING.keys() == set(Kind)
