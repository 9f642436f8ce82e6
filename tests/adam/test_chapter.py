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
    rows = expectations(names["G"], names["beta1"], names["steps"])
    assert names["with_correction"] == [row.corrected for row in rows]
    for computed in (names["without"], names["values"]):
        assert computed == pytest.approx([row.uncorrected for row in rows], rel=1e-15)


def test_sympy_unrolls_the_recursion_and_closes_the_sum(names: dict[str, Any]) -> None:
    beta, t, mean = names["beta"], names["t"], names["mean"]
    g = sympy.symbols("g_1:4")
    by_hand = (1 - beta) * (beta**2 * g[0] + beta * g[1] + g[2])
    assert sympy.expand(names["unrolled"] - by_hand) == 0
    assert sympy.simplify(names["weight_sum"] - (1 - beta**t)) == 0
    assert sympy.simplify(names["expected"] - mean * (1 - beta**t)) == 0
    assert names["expected_corrected"] == mean


def test_the_simulation_misses_as_often_as_said(names: dict[str, Any]) -> None:
    assert len(names["missed"]) == 2
    assert not set(names["missed"]) & set(names["plotted"])
    assert {2, 10, 100} <= set(names["plotted"])


def test_the_zero_is_forgotten_when_the_chapter_says(names: dict[str, Any]) -> None:
    for beta, half, rest in zip((0.9, 0.999), names["half_life"], names["forgotten"], strict=True):
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
    assert names["times_too_large"] == pytest.approx(max(factors), rel=1e-14)
    assert round(max(factors), 1) == 6.6


def test_the_exercises_answers(names: dict[str, Any]) -> None:
    t = names["t"]
    assert sympy.simplify(names["limit"] - (t - 1) / t) == 0
    assert names["b_t"].subs(t, 1) == 0
    started, corrected = names["variances"]
    assert sum(names["weights"]) == pytest.approx(1)
    assert sum(names["hats"]) == pytest.approx(1)
    assert started == pytest.approx(0.999**198 + 0.001**2 * (1 - 0.999**198) / (1 - 0.999**2))
    assert corrected == pytest.approx(0.001 / 1.999 * (1 + 0.999**100) / (1 - 0.999**100))
    assert names["matched"] == pytest.approx(0.99)
