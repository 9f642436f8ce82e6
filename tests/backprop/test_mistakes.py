from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.formulas import evaluate, parse
from hw1lib.backprop.mistakes import MISTAKES, SENTENCES, follow
from hw1lib.backprop.network import ACTIVATIONS, OUTPUTS, PARAMETERS, parse_network
from hw1lib.backprop.passes import STEPS
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


@pytest.mark.parametrize("seed", range(5))
def test_mistakes_are_what_their_sentences_say(seed: int) -> None:
    """By numpy and from the textbook; a square network, so that all of them are possible."""
    rng = np.random.default_rng(seed)
    x, b, W_H, W_O = (rng.integers(-3, 4, size) / 2 for size in (2, 2, (2, 2), (2, 2)))
    fields = {"x": x, "b_H": b, "b_O": -b, "W_H": W_H, "W_O": W_O, "y": np.array([0, 1])}
    network = parse_network({name: to_texts(value.tolist()) for name, value in fields.items()})
    z_H = W_H @ x + b
    h, slope = np.maximum(z_H, 0), (z_H > 0) * 1.0
    z_O = W_O @ h - b
    p = np.exp(z_O) / np.exp(z_O).sum()
    error = p - fields["y"]
    squared = (np.diag(p) - np.outer(p, p)) @ error
    back = (W_O.T @ error) * slope
    expected = {
        ("z_H", "bias"): [W_H @ x],
        ("z_H", "turned"): [W_H.T @ x + b],
        ("h", "activation"): [z_H],
        ("z_O", "bias"): [W_O @ h],
        ("z_O", "swapped"): [W_O @ x - b],
        ("z_O", "early_z"): [W_O @ z_H - b],
        ("z_O", "turned"): [W_O.T @ h - b],
        ("y_hat", "softmax"): [z_O],
        ("y_hat", "sigmoid"): [1 / (1 + np.exp(-z_O))],
        ("loss", "log_2"): [-np.log2(p[1])],
        ("loss", "log_10"): [-np.log10(p[1])],
        ("loss", "log_sign"): [np.log(p[1])],
        ("loss", "squared_loss"): [(error**2).sum(), (error**2).sum() / 2],
        ("db_O", "sign"): [-error],
        ("db_O", "softmax"): [z_O - fields["y"]],
        ("db_O", "squared"): [squared, 2 * squared],
        ("dW_O", "transposed"): [np.outer(h, error)],
        ("dW_O", "swapped"): [np.outer(error, x)],
        ("dW_O", "early_z"): [np.outer(error, z_H)],
        ("dL_dh", "not_transposed"): [W_O @ error],
        ("db_H", "wrong_slope"): [(W_O.T @ error) * np.roll(slope, i) for i in range(1, 6)],
        ("db_H", "slope"): [W_O.T @ error],
        ("dW_H", "transposed"): [np.outer(x, back)],
        ("dW_H", "swapped"): [np.outer(back, h)],
    }
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for mistake in MISTAKES:
        value = follow(network, [mistake])[mistake.step]
        found.setdefault((mistake.step, mistake.kind), []).append(value)
    assert found.keys() == expected.keys()
    for key, values in found.items():
        np.testing.assert_allclose(values, expected[key], 1e-9, 1e-12, err_msg=str(key))


def to_texts(value: Any) -> Any:
    return [to_texts(item) for item in value] if isinstance(value, list) else str(value)


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
