"""A course whose students make slips, and a marker that knows numpy alone."""

from __future__ import annotations

import numpy as np
import pytest

import slips
import students
from exercises import DESIGNS, networks
from hw1lib.backprop.mistakes import SENTENCES
from hw1lib.backprop.network import Network
from hw1lib.course.answerfile import parse_lines
from hw1lib.course.answers import parse_answers
from hw1lib.course.marking import Finding, mark_answers

# Slips that have a name of their own; two of the same effect may stand for each other.
NAMED = {
    "z_H without bias": "bias",
    "h without ReLU": "activation",
    "z_O without bias": "bias",
    "y_hat is z_O": "softmax",
    "y_hat by sigmoid": "sigmoid",
    "loss to base 2": "log_2",
    "loss to base 10": "log_10",
    "loss without sign": "log_sign",
    "loss squared": "squared_loss",
    "db_O turned": "sign",
    "db_O without softmax": "softmax",
    "db_O of squares": "squared",
    "dW_O transposed": "transposed",
    "dW_O by x": "swapped",
    "dW_O by z_H": "early_z",
    "db_H without slope": "slope",
    "dW_H transposed": "transposed",
    "dW_H by h": "swapped",
}
IMPOSSIBLE = "y_hat not divided"  # from such a prediction nothing follows


@pytest.mark.parametrize("count", [4, pytest.param(300, marks=pytest.mark.slow)])
def test_slips_cost_what_they_spoil_and_nothing_that_is_right_is_blamed(count: int) -> None:
    """Of 300 students, each makes four of the slips; of a few, each makes all."""
    for number, network in enumerate(networks(DESIGNS[0], count)):
        names = list(slips.SLIPS)
        some = [names[(4 * number + index) % len(names)] for index in range(4)]
        chosen = names if count < len(names) else some
        for slip in chosen:
            check(network, slip)


def check(network: Network, slip: str) -> None:
    right, wrong = slips.work(network), slips.work(network, slip)
    answers = {name: wrong[name] for name in slips.ORDER if np.isfinite(wrong[name]).all()}
    step, _ = slips.SLIPS[slip]
    is_changed = {name: not same(answers[name], right[name]) for name in answers}
    if not any(is_changed.values()):
        return  # it changes nothing here
    text = students.as_toml(answers)
    found = {f.name: f for f in mark_answers(network, parse_answers(parse_lines(text), network))}
    for name, value in answers.items():
        share = 0.0
        if value.shape == right[name].shape:
            share = float(slips.is_right(np.round(value, 4), right[name]).mean())
        if name == step:
            assert found[name].credit <= share + 1e-9, (slip, text)
        follows = (
            step in answers
            and name != step
            and slip != IMPOSSIBLE
            and bool(np.abs(value).max() > 1e-9)
        )
        if not is_changed[name] or follows:
            assert found[name].credit == 1, (slip, name, text)
    blamed(found, slip)
    if slip in NAMED:
        said = [f.diagnosis for f in found.values() if f.diagnosis]
        assert said, (slip, text)
        if slip not in ("z_H without bias", "z_O without bias", "h without ReLU"):
            assert any(SENTENCES[NAMED[slip]] in text for text in said), (slip, said)


def same(one: slips.Array, other: slips.Array) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-12, atol=1e-12))


def blamed(found: dict[str, Finding], slip: str) -> None:
    """No step that counts is said to be wrong."""
    for finding in found.values():
        for step in found:
            if finding.diagnosis.startswith(f"In {step}: "):
                assert found[step].credit < 1, (slip, finding)


@pytest.mark.slow
def test_300_students_get_what_their_work_is_worth() -> None:
    for network in networks(DESIGNS[0], 300):
        works = [students.as_toml(students.solve(network, places)) for places in (None, 4)]
        works.append(students.as_toml(students.solve(network, 3), 3))
        for text in works:
            assert total(network, text) == 7
        assert total(network, students.as_toml(students.nothing(network))) <= 1


def total(network: Network, text: str) -> float:
    return sum(f.credit for f in mark_answers(network, parse_answers(parse_lines(text), network)))
