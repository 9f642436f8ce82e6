from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from hw1lib.adam.moments import (
    adam,
    drift_error,
    expectations,
    expected_first_moment,
    moving_average,
    simulate,
    torch_adam,
    torch_moments,
    unrolled,
    weight_sum,
)
from hw1lib.homework import Homework


def test_the_homeworks_answers() -> None:
    homework = Homework()
    rows = expectations(homework.adam_mean, homework.adam_beta1, homework.adam_steps)
    assert [row.t for row in rows] == [2, 10, 100]
    assert [row.corrected for row in rows] == [2, 2, 2]
    assert [row.uncorrected for row in rows] == [0.38, 1.3026431198, 1.9999468772022249]


@given(st.decimals(0, "0.999999", places=6), st.integers(1, 300))
def test_weight_sum_is_correctly_rounded(beta: object, t: int) -> None:
    exact = 1 - Fraction(str(beta)) ** t
    assert weight_sum(float(str(beta)), t) == float(exact)


def test_weight_sum_at_its_limits() -> None:
    assert weight_sum(0.999999, 10**9) == 1.0
    assert weight_sum(0.999999, 1) == 1e-6
    assert weight_sum(0.0, 1) == 1.0


def test_sympy_closes_the_sum() -> None:
    beta, t, G = (
        sympy.Symbol("beta_1", positive=True),
        sympy.Symbol("t", integer=True, positive=True),
        sympy.Symbol("G"),
    )
    assert sympy.simplify(expected_first_moment() - G * (1 - beta**t)) == 0


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_unrolled_equals_the_recursion(steps: int) -> None:
    gradients = torch.arange(1, steps + 1, dtype=torch.float64) ** 2
    last = moving_average(gradients, 0.5)[-1]
    values = {f"g_{i + 1}": int(g) for i, g in enumerate(gradients)} | {
        "beta_1": sympy.Rational(1, 2)
    }
    assert float(unrolled(steps).subs(values)) == float(last)


def test_recursion_equals_torchs_state() -> None:
    generator = torch.Generator().manual_seed(0)
    gradients = torch.randn(200, 7, dtype=torch.float64, generator=generator)
    first, second = torch_moments(gradients, 0.9, 0.999)
    assert float((moving_average(gradients, 0.9) - first).abs().max()) < 1e-15
    assert float((moving_average(gradients**2, 0.999) - second).abs().max()) < 1e-15


def test_simulation_agrees_with_the_closed_form() -> None:
    means, errors = simulate(2, 0.9, steps=20, sequences=20_000, seed=3)
    for row in expectations(2, 0.9, range(1, 21)):
        assert abs(float(means[row.t - 1]) - row.uncorrected) < 5 * float(errors[row.t - 1])


def test_the_papers_algorithm_equals_torchs_step_by_step() -> None:
    generator = torch.Generator().manual_seed(1)
    gradients = torch.randn(1000, 4, dtype=torch.float64, generator=generator) + 0.5
    assert float((adam(gradients) - torch_adam(gradients)).abs().max()) < 1e-13


def test_epsilon_stands_outside_the_root() -> None:
    tiny = torch.full((1, 1), 1e-8, dtype=torch.float64)
    assert float(adam(tiny, rate=1.0)[0]) == pytest.approx(-0.5)


def test_first_step_with_and_without_correction() -> None:
    g = torch.full((1, 1), 3.0, dtype=torch.float64)
    assert float(adam(g, rate=1.0)[0]) == pytest.approx(-1, rel=1e-7)
    without = float(adam(g, rate=1.0, corrected=False)[0])
    assert without == pytest.approx(-0.1 / 0.001**0.5, rel=1e-6)


@given(st.integers(1, 60), st.floats(-2, 2), st.floats(-2, 2))
def test_drift_is_what_the_recursion_leaves(t: int, start: float, slope: float) -> None:
    means = torch.tensor([start + slope * i for i in range(1, t + 1)], dtype=torch.float64)
    moment = moving_average(means, 0.9)[-1]
    zeta = float(moment) - float(means[-1]) * weight_sum(0.9, t)
    assert zeta == pytest.approx(drift_error(slope, 0.9, t), abs=1e-10)
