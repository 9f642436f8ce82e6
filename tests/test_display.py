from __future__ import annotations

import pytest
import sympy
import torch
from sympy import Rational, exp

from hw1lib.display import latex, scientific, table


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
