"""What the chapter says of zeros, as a reader sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hw1lib.backprop.agreement import check_gradients
from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.network import parse_network
from hw1lib.backprop.prose import (
    agreement_in_words,
    explain_zeros,
    formulas,
    listed,
    loss_in_numbers,
)
from hw1lib.backprop.report import gradients_as_json, gradients_as_text
from hw1lib.backprop.zeros import find_zeros
from networks import EXAMPLE, GOOD, LARGE


def explained(**change: Any) -> str:
    network = parse_network({**GOOD, **change})
    values, gradients = forward(network), backward(network)
    return explain_zeros(network, gradients, find_zeros(network, values, gradients))


def test_no_zeros() -> None:
    text = explained(activation="tanh", W_O=[[1, 0, 1], [0, 1, 3]], b_H=[0, 1, "1/2"])
    assert text.startswith("No: none of the 17 derivatives is zero. Each is a product of")


def test_one_zero() -> None:
    text = explained(x=[0], W_H=[[1]], b_H=[1], W_O=[[1], [2]])
    assert text == (
        "Yes: 1 of the 6 derivatives is zero. Input 1 is 0. With $x_{1} = 0$ the weights that it "
        r"enters with have no effect. Hence $\partial L / \partial (W_H)_{1,1}$ is zero."
    )


def test_many_zeros() -> None:
    """The book's example."""
    text = explained(b_H=[0, -3, 2])
    intro, off, equal = text.replace("\n\n", "\n").split("\n")
    assert intro == "Yes: 8 of the 17 derivatives are zero, for these reasons:"
    assert off.startswith("* Hidden unit 2 is off: its pre-activation is negative. With $(z_H)_{2}")
    assert r"$\partial L / \partial (W_H)_{2,1}$, $\partial L" in off
    assert r"Column 3 of $W_O$ is $(1, 1)$" in equal
    assert r"= 1 \cdot \sum_k (\delta_O)_k$ $= 0$, whatever the input" in equal


def test_terms_that_cancel_are_shown() -> None:
    text = explained(
        x=[1], y=[0, 0, 1], W_H=[[1], [1]], b_H=[0, 0], W_O=[[2, 0], [0, 2], [1, 3]], b_O=[0, 0, 0]
    )
    assert r"= (2 - 1) \cdot 0.1065 + (0 - 1) \cdot 0.1065$ $= 0$" in text
    assert "outputs with equal logits have equal errors" in text


def test_of_many_derivatives_the_first_are_named_and_the_others_counted() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([*"abcdefghijk"]) == "a, b, c, d, e, f, g, h and 3 more"


def test_the_loss_is_shown_as_the_logarithm_of_a_probability() -> None:
    network = parse_network(EXAMPLE)
    assert loss_in_numbers(network, forward(network)).data == r"= -\log 0.18243 \approx 1.7014"
    assert formulas(network)["loss"].data.endswith(r"= -\log \hat{y}_2")
    sure = parse_network({**GOOD, "b_O": [50, 0], "y": [1, 0]})
    assert loss_in_numbers(sure, forward(sure)).data == r"\approx 7.1 \times 10^{-23}"
    no = parse_network({**GOOD, "W_O": [[1, 0, 1]], "b_O": [0], "y": 0, "output": "sigmoid"})
    assert formulas(no)["loss"].data.endswith(r"= -\log (1 - \hat{y})")


@pytest.mark.parametrize(
    ("fields", "way"), [(GOOD, "*sympy* writes the loss"), (LARGE, "50-digit")]
)
def test_the_chapter_says_which_way_it_was(fields: dict[str, Any], way: str) -> None:
    assert way in agreement_in_words(check_gradients(parse_network(fields))).data


def test_the_answers_as_text_and_json() -> None:
    network = parse_network(EXAMPLE)
    out = json.loads(gradients_as_json(network))
    assert set(out["agreement"]) == {"sympy", "autograd", "finite_difference"}
    assert [zero["index"] for zero in out["zeros"]][:2] == [[1, 0], [1, 1]]
    assert out["gradients"]["b_H"][1:] == [0, 0]
    text = gradients_as_text(network)
    assert "  W_H[2, 1]: hidden unit 2 is off: its pre-activation is negative" in text
    assert "-0" not in text.replace("-0.817574", "").replace("e-0", "")
