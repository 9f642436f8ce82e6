from __future__ import annotations

import random

import numpy as np
import pytest

from hw1lib.backprop.formulas import evaluate, parse
from hw1lib.backprop.manual import backward, forward
from hw1lib.backprop.mistakes import MISTAKES, SENTENCES, STEPS, follow
from hw1lib.backprop.network import ACTIVATIONS, OUTPUTS, PARAMETERS, parse_network
from networks import random_fields


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_without_mistakes_the_formulas_are_the_passes(activation: str, output: str) -> None:
    """By the passes whose numbers are certain to their last digits."""
    rng = random.Random(5)
    for _ in range(10):
        network = parse_network(random_fields(rng, "decimals", activation, output))
        gradients = backward(network)
        expected = vars(forward(network)) | {"dL_dh": gradients.dL_dh, "slope": gradients.slope}
        expected |= {f"d{name}": getattr(gradients, name) for name in PARAMETERS}
        values = follow(network)
        assert set(values) == set(expected) == set(STEPS)
        for name, tensor in expected.items():
            np.testing.assert_allclose(values[name], tensor.numpy(), 1e-9, 1e-12, err_msg=name)


def test_a_mistake_is_made_in_its_step_and_followed_from_there() -> None:
    network = parse_network(random_fields(random.Random(3), "decimals", "tanh", "softmax"))
    right = follow(network)
    for mistake in MISTAKES:
        values, steps = follow(network, [mistake]), list(STEPS)
        for step in steps[: steps.index(mistake.step)]:
            np.testing.assert_array_equal(values[step], right[step])
        if mistake.step in values:
            given = follow(network, given={mistake.step: values[mistake.step]})
            assert given.keys() == values.keys()
            for step in values:
                np.testing.assert_array_equal(values[step], given[step])


def test_every_kind_has_a_sentence_and_every_step_exists() -> None:
    assert {mistake.kind for mistake in MISTAKES} == set(SENTENCES)
    assert {mistake.step for mistake in MISTAKES} <= set(STEPS)


def test_formulas_are_numpy() -> None:
    """By Python itself."""
    values = {"a": np.array([1.5, -2.0]), "B": np.array([[1.0, 2.0], [3.0, 4.0]])}
    for formula in ("B.T @ a + 1", "(a > 0) * 2 ** a / -3", "maximum(a - 1, roll(a, 1))"):
        names = {name: getattr(np, name) for name in ("maximum", "roll")}
        expected = eval(formula, names | values)  # noqa: S307
        np.testing.assert_allclose(evaluate(parse(formula), values), expected)
    with pytest.raises(ValueError, match="a or B"):
        parse("a or B")
