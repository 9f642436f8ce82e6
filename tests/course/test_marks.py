"""Marks of simulated courses, whose students solve the exercise without this package."""

from __future__ import annotations

import numpy as np
import pytest

import students
from exercises import DESIGNS, networks
from hw1lib.backprop.judging import Tolerance
from hw1lib.backprop.network import Network
from hw1lib.course.answerfile import parse_lines
from hw1lib.course.answers import Verdict, parse_answers
from hw1lib.course.marking import Finding, mark_answers
from hw1lib.course.networks import Design

COUNT = 12


def mark(network: Network, text: str, tolerance: Tolerance | None = None) -> dict[str, Finding]:
    answers = parse_answers(parse_lines(text), network)
    return {f.name: f for f in mark_answers(network, answers, tolerance)}


def total(found: dict[str, Finding]) -> float:
    return sum(finding.credit for finding in found.values())


@pytest.mark.parametrize("design", DESIGNS, ids=str)
@pytest.mark.parametrize("places", [None, 4])
def test_exact_and_rounded_work_gets_all_marks(design: Design, places: int | None) -> None:
    for network in networks(design, COUNT):
        assert total(mark(network, students.as_toml(students.solve(network, places)))) == 7


@pytest.mark.parametrize("design", DESIGNS[:4], ids=str)
def test_work_rounded_to_three_places_gets_all_marks(design: Design) -> None:
    for network in networks(design, COUNT):
        assert total(mark(network, students.as_toml(students.solve(network, 3), 3))) == 7


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_work_worth_nothing_gets_nothing(design: Design) -> None:
    for network in networks(design, COUNT):
        answers = students.nothing(network)
        every = [*answers["zeros"], *students.zeros(answers | {"db_O": np.zeros(len(network.y))})]
        for zeros in ([], answers["zeros"], every):
            assert total(mark(network, students.as_toml(answers | {"zeros": zeros}))) <= 1


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_an_entry_that_is_plainly_off_costs_its_share(design: Design) -> None:
    """One unit in the second digit; nothing that is right is blamed for it."""
    for network in networks(design, COUNT):
        for name in ("dW_O", "dW_H"):
            answers = students.solve(network)
            value = answers[name]
            index = np.unravel_index(np.abs(value).argmax(), value.shape)
            value[index] += 1.5 * 10.0 ** (np.floor(np.log10(abs(value[index]))) - 1)
            found = mark(network, students.as_toml(answers))
            is_alone = np.count_nonzero(np.abs(value) > 1e-12) == 1
            share = 0 if is_alone else 1 - 1 / value.size
            assert found[name].credit == pytest.approx(share)
            assert "In " not in found[name].diagnosis
            assert all(f.credit == 1 for f in found.values() if f.name != name)


def test_a_flipped_sign_is_not_blamed_on_a_step_that_is_right() -> None:
    for network in networks(DESIGNS[0], COUNT):
        answers = students.solve(network)
        answers["db_H"] = -answers["db_H"]
        found = mark(network, students.as_toml(answers))
        assert found["db_H"].credit == 0
        assert "In db_O" not in found["db_H"].diagnosis


def test_a_missing_zero_is_not_blamed_on_a_step() -> None:
    for network in networks(DESIGNS[0], COUNT):
        answers = students.solve(network)
        found = mark(network, students.as_toml(answers | {"zeros": answers["zeros"][1:]}))
        assert found["zeros"].verdict == Verdict.PARTLY
        assert found["zeros"].diagnosis == "Zeros that are missing: 1; listed, but none: 0."


def test_zeros_may_be_counted_from_zero() -> None:
    network = next(networks(DESIGNS[0], 1))
    answers = students.solve(network)
    from_zero = [place.translate(str.maketrans("123", "012")) for place in answers["zeros"]]
    found = mark(network, students.as_toml(answers | {"zeros": from_zero}))
    assert found["zeros"].credit == 1
    assert "counted from 1" in found["zeros"].diagnosis


def test_staff_sets_the_tolerance() -> None:
    network = next(networks(DESIGNS[0], 1))
    text = f"loss = {1.004 * float(students.solve(network)['loss']):.6f}"
    assert mark(network, text)["loss"].credit == 1
    assert mark(network, text, Tolerance(rtol=0.001))["loss"].credit == 0
