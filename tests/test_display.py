from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
import torch
from sympy import Rational, exp

from hw1lib.display import evaluated, latex, scientific, table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (torch.tensor(0.3812345, dtype=torch.float64), "0.3812"),
        (torch.tensor(0.38, dtype=torch.float64), "0.38"),
        (torch.tensor(2.0), "2"),
        (torch.tensor(-0.0), "0"),
        (torch.tensor(1e-9), r"1.0 \times 10^{-9}"),
        (torch.tensor([0.5, 1.0]), r"\begin{bmatrix} 0.5 \\ 1 \end{bmatrix}"),
        (torch.eye(2), r"\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}"),
        (sympy.Matrix([Rational(1, 2), exp(1)]), r"\begin{bmatrix} 1 / 2 \\ e \end{bmatrix}"),
        ((Fraction(1, 2), Fraction(-3)), r"\begin{bmatrix} 1 / 2 \\ -3 \end{bmatrix}"),
        (0.25, "0.2500"),
    ],
)
def test_latex(value: object, shown: str) -> None:
    assert latex(value) == shown


def test_large_matrices_are_cut() -> None:
    shown = latex(torch.full((20, 20), 0.12345))
    assert shown.count(r"\\") == 5
    assert r"\cdots" in shown
    assert r"\vdots" in shown


def test_scientific() -> None:
    assert scientific(0.0) == "0"
    assert scientific(1.23e-11) == r"1.2 \times 10^{-11}"


def test_table_is_markdown() -> None:
    assert table(["a", "b"], [[1, "x"]], "lr").data == "| a | b |\n| :--- | ---: |\n| 1 | x |"


LONG = sum(sympy.tanh(Rational(1, i)) ** i for i in range(2, 40))


@pytest.mark.parametrize(
    ("exact", "number", "decimals", "shown"),
    [
        (Rational(5, 2), 2.5, False, "= 5 / 2"),
        (Rational(5, 2), 2.5, True, "= 2.5"),
        (Rational(1, 3), 1 / 3, False, "= 1 / 3"),
        (Rational(1, 3), 1 / 3, True, r"\approx 0.3333"),
        (Rational(243079, 100000), 2.43079, True, r"\approx 2.4308"),
        (Rational(243079, 100000), 2.43079, False, r"\approx 2.4308"),
        (sympy.tanh(1), 0.76159, False, r"= \tanh{\left(1 \right)} \approx 0.7616"),
        (sympy.tanh(1), 0.76159, True, r"\approx 0.7616"),
        (LONG, 0.76159, False, r"\approx 0.7616"),
        (None, 0.76159, False, r"\approx 0.7616"),
    ],
)
def test_exact_values_are_shown_where_they_can_be_read(
    exact: sympy.Expr, number: float, decimals: bool, shown: str
) -> None:
    assert evaluated(exact, torch.tensor(number).double(), decimals=decimals).data == shown
