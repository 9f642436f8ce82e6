"""Adam's expected first moment, and the command that prints it."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hw1lib.adam.moments import expectations, weight_sum
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
    assert weight_sum(0.999999, 2**63 - 1) == 1.0
    assert weight_sum(0.999999, 1) == 1e-6
    assert weight_sum(1 - 2**-53, 1) == 1e-16  # of the shortest decimal, 0.9999999999999999
    assert weight_sum(0.0, 1) == 1.0


def test_the_command_loads_neither_torch_nor_sympy() -> None:
    code = (
        "import sys; from hw1lib.cli import main; main(['adam']); "
        "assert not {'torch', 'sympy', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1.3026431198" in done.stdout
