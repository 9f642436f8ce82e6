from __future__ import annotations

import pytest
import sympy
import torch
from sympy import Rational, exp

from hw1lib.display import evaluated, latex, scientific, source, table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (torch.tensor(0.38), "0.3800"),
        (torch.tensor(2.0), "2"),
        (torch.tensor(-0.0), "0"),
        (torch.tensor(1e-9), r"1.0 \times 10^{-9}"),
        (torch.tensor([0.5, 1.0]), r"\begin{bmatrix} 0.5000 \\ 1 \end{bmatrix}"),
        (torch.eye(2), r"\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}"),
        (sympy.Matrix([Rational(1, 2), exp(1)]), r"\begin{bmatrix} 1 / 2 \\ e \end{bmatrix}"),
        (0.25, "0.2500"),
    ],
)
def test_latex(value: object, shown: str) -> None:
    assert latex(value) == shown


def test_large_matrices_are_cut() -> None:
    shown = latex(torch.zeros(20, 20))
    assert shown.count(r"\\") == 5
    assert r"\cdots" in shown
    assert r"\vdots" in shown


def test_scientific() -> None:
    assert scientific(0.0) == "0"
    assert scientific(1.23e-11) == r"1.2 \times 10^{-11}"


def test_table_is_markdown() -> None:
    assert table(["a", "b"], [[1, "x"]], "lr").data == "| a | b |\n| :--- | ---: |\n| 1 | x |"


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (sympy.Matrix([Rational(5, 2)]), r"= \begin{bmatrix} 5 / 2 \end{bmatrix}"),
        (sympy.tanh(1), r"= \tanh{\left(1 \right)} \approx 0.7616"),
        (sum(sympy.tanh(Rational(1, i)) ** i for i in range(2, 9)), r"\approx 0.7616"),
    ],
)
def test_exact_values_are_shown_where_they_can_be_read(exact: sympy.Expr, shown: str) -> None:
    approximate = torch.tensor(0.7616)
    assert evaluated(exact, approximate).data == shown


def test_source_without_its_docstring() -> None:
    shown = source(scientific).data
    assert shown.startswith("```python\ndef scientific(value: float")
    assert "power of ten" not in shown
