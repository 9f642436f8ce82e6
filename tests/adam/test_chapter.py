"""What chapter 2 says, held against closed forms; its cells are run here as they stand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import sympy
import torch

from chapters import check_the_code_is_in_the_text, run_cells
from hw1lib.adam.moments import expectations, weight_sum
from qmdbook.qmd import Chapter, parse_chapter

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def chapter() -> Chapter:
    return parse_chapter(ROOT / "q2_adam.qmd")


@pytest.fixture(scope="module")
def names(chapter: Chapter) -> dict[str, Any]:
    """All that the chapter's cells define."""
    return run_cells(chapter)


def test_the_code_is_in_the_text(chapter: Chapter) -> None:
    check_the_code_is_in_the_text(chapter, lines=45)


def test_the_answers_are_those_of_the_package(names: dict[str, Any]) -> None:
    assert names["answer"] == expectations(2, 0.9, (2, 10, 100))
    closed_forms = [row.uncorrected for row in names["answer"]]
    assert names["values"] == pytest.approx(closed_forms, rel=1e-15)


def test_the_recursion_unrolls_and_the_weights_add_up_as_written(names: dict[str, Any]) -> None:
    """What the chapter's formulas say of m_1 to m_3 and of the sum, for numbers."""
    beta, t = names["beta"], names["t"]
    g = sympy.symbols("g_1:4")
    for step, told in enumerate(names["unrolled"]):
        weights = [(1 - beta) * beta ** (step - i) for i in range(1, step + 1)]
        assert sympy.expand(told - sum(w * each for w, each in zip(weights, g, strict=False))) == 0
    assert sympy.simplify(names["weight_sum"] - (1 - beta**t)) == 0


def test_figures_of_the_answer(names: dict[str, Any]) -> None:
    """What the text says of steps 2 and 100, and of the zero as a share of the first average."""
    first, *_, last = names["values"]
    assert f"{first / 2:.0%} {1 - last / 2:.4%}" == "19% 0.0027%"


def test_the_simulation_misses_as_often_as_said(names: dict[str, Any]) -> None:
    assert len(names["missed"]) == 2
    assert not set(names["missed"]) & set(names["plotted"])
    assert {2, 10, 100} <= set(names["plotted"])


def test_the_zero_weighs_little_when_the_chapter_says(names: dict[str, Any]) -> None:
    for beta, half, rest in zip((0.9, 0.999), names["half_life"], names["negligible"], strict=True):
        assert beta**half <= 0.5 < beta ** (half - 1)
        assert beta**rest <= 0.01 < beta ** (rest - 1)


def test_drift_leaves_the_lag_of_the_average(names: dict[str, Any]) -> None:
    """From the recursion itself, run on means that grow."""
    m = 0.0
    for t in range(1, 101):
        mean = names["slope"] * t
        m = 0.9 * m + 0.1 * mean
        if t in names["remaining"]:
            assert names["remaining"][t] == pytest.approx(m / weight_sum(0.9, t) - mean)
    assert round(names["remaining"][10], 4) == -0.0365
    assert names["remaining"][100] == pytest.approx(-9 * names["slope"], rel=1e-3)


def test_the_optimiser_agrees_and_only_with_the_correction(names: dict[str, Any]) -> None:
    assert names["largest"] < 1e-14
    assert names["difference"] < 1e-13
    assert names["difference_without"] > names["alpha"]


def test_epsilon_stands_outside_of_the_root(names: dict[str, Any]) -> None:
    (theta,) = names["adam"](torch.full((1, 1), 1e-8, dtype=torch.float64))
    assert float(theta) == pytest.approx(-0.5 * names["alpha"])


def test_steps_are_too_large_by_the_closed_form(names: dict[str, Any]) -> None:
    factors = [weight_sum(0.9, t) / math.sqrt(weight_sum(0.999, t)) for t in range(1, 3001)]
    assert names["sizes"][True] == pytest.approx([1] * 3000, abs=1e-6)
    assert names["sizes"][False] == pytest.approx(factors, rel=1e-6)
    assert names["worst"] == 1 + factors.index(max(factors)) == 12
    assert names["too_large"] == pytest.approx(factors[:100], rel=1e-12)
    assert names["peak"] == pytest.approx(max(factors), rel=1e-6)
    assert round(max(factors), 1) == 6.6
    falling = names["sizes"][False][names["worst"] - 1 :]
    assert falling == sorted(falling, reverse=True)


def test_the_exercises_answers(names: dict[str, Any]) -> None:
    t = names["t"]
    assert sympy.simplify(names["limit"] - (t - 1) / t) == 0
    assert names["b_t"].subs(t, 1) == 0
    for rate, (started, corrected) in names["shares"].items():
        rest = rate**99 * rate**99 + (1 - rate) ** 2 * (1 - rate**198) / (1 - rate**2)
        assert started == pytest.approx(rest)
        expected = (1 - rate) / (1 + rate) * (1 + rate**100) / (1 - rate**100)
        assert corrected == pytest.approx(expected)
    (quick, quick_hat), (slow, slow_hat) = names["shares"].values()
    assert quick == pytest.approx(quick_hat, rel=1e-4)
    assert slow > 50 * slow_hat
    assert names["matched"] == pytest.approx(0.99)
    factors = [weight_sum(0.9, t) / math.sqrt(weight_sum(0.99, t)) for t in range(1, 1001)]
    assert factors[0] == pytest.approx(1)
    assert names["later"] == pytest.approx(max(factors))
