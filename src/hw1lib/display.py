"""Numbers, matrices and tables as a chapter shows them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy
from IPython.display import Markdown
from torch import Tensor

DIGITS = 4  # decimals that are shown
LONGEST = 12  # operations up to which an exact value is shown
WIDEST = 6  # rows or columns up to which a matrix is shown whole


def tex(value: object, digits: int = DIGITS) -> Markdown:
    """A number, vector, matrix or expression as LaTeX without delimiters, for inline values.

    Tensors are rounded to `digits` decimals; fractions and sympy's values stay exact, decimals
    among them as they are written. A vector is a column.
    """
    return Markdown(latex(value, digits))


def evaluated(exact_value: object, approximate: Tensor, decimals: bool = False) -> Markdown:
    r"""What stands right of a symbol: `= exact`, `= exact \approx decimal` or `\approx decimal`.

    Args:
        exact_value: fractions or sympy's values; None if there are none.
        approximate: the same, rounded.
        decimals: whether rational values are shown as decimals, and others not in exact form.
    """
    rounded = latex(approximate)
    entries = [] if exact_value is None else [_simplest(e) for e in sympy.Matrix([exact_value])]
    rational = bool(entries) and all(entry.is_Rational for entry in entries)
    if decimals:
        complete = rational and all((entry * 10**DIGITS).is_Integer for entry in entries)
        return Markdown(f"= {rounded}" if complete else rf"\approx {rounded}")
    if not entries or not all(map(_is_readable, entries)):
        return Markdown(rf"\approx {rounded}")
    shown = latex(exact_value)
    return Markdown(f"= {shown}" if rational else rf"= {shown} \approx {rounded}")


def latex(value: object, digits: int = DIGITS) -> str:
    """The LaTeX that `tex` shows."""
    if isinstance(value, str):
        return value
    if isinstance(value, Tensor):
        if value.ndim == 0:
            return short(float(value), digits)
        return _matrix([[latex(v, digits) for v in row.reshape(-1)] for row in value])
    if isinstance(value, tuple):
        return _matrix(
            [[latex(v) for v in (row if isinstance(row, tuple) else (row,))] for row in value]
        )
    if isinstance(value, sympy.MatrixBase):
        return _matrix([[latex(v) for v in row] for row in value.tolist()])
    if isinstance(value, Fraction):
        return str(value).replace("/", " / ")
    if isinstance(value, float):
        return decimal(value, digits)
    return str(sympy.latex(_simplest(sympy.sympify(value)), fold_short_frac=True))


def _is_readable(value: sympy.Expr) -> bool:
    """Whether an exact value is short, and so are the numbers in it."""
    numbers = value.atoms(sympy.Rational)
    return value.count_ops() <= LONGEST and all(n.q < 1000 and abs(n.p) < 10**6 for n in numbers)


@lru_cache(maxsize=256)
def _simplest(value: sympy.Expr) -> sympy.Expr:
    """A simpler form of a value that is short enough for sympy to find one quickly."""
    short = value.has(sympy.exp, sympy.tanh) and value.count_ops() <= 6 * LONGEST
    return sympy.simplify(value) if short else value


def decimal(value: float, digits: int = DIGITS) -> str:
    """A rounded number; whole ones without decimals, tiny ones with their power of ten."""
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    text = f"{value:.{digits}f}"
    return scientific(value) if float(text) == 0 or abs(value) >= 1e6 else text


def short(value: float, digits: int = DIGITS) -> str:
    """A `decimal` without the zeros at its end if the number has no more than `digits` decimals."""
    text = decimal(value, digits)
    is_complete = text == f"{value:.{digits}f}" and float(text) == value
    return text.rstrip("0").rstrip(".") if is_complete else text


def scientific(value: float) -> str:
    """A number as a LaTeX power of ten, to two digits; 0 stays 0."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"


class Text(str):
    """Text that Quarto shows as it is; of an ordinary string it shows the repr, escapes and all."""

    def _repr_markdown_(self) -> str:
        return str(self)


def plus_minus(values: Sequence[float], form: str = ".2%") -> Text:
    """Mean and standard deviation over several runs, `42.77% ± 0.31%`; one run has no deviation.

    The spaces are ones at which no line breaks.
    """
    numbers = [float(value) for value in values]
    mean = format(statistics.mean(numbers), form)
    return Text(
        f"{mean}\u00a0±\u00a0{statistics.stdev(numbers):{form}}" if len(numbers) > 1 else mean
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], align: str = "") -> Markdown:
    """A Markdown pipe table.

    Args:
        columns: the headings.
        rows: the cells, as text or anything that has a text; Markdown and $math$ are kept.
        align: for each column l, c or r; right if not given.
    """
    marks = {"l": ":---", "c": ":--:", "r": "---:"}
    ruler = [marks[letter] for letter in align or "r" * len(columns)]
    lines = [columns, ruler, *rows]
    return Markdown("\n".join("| " + " | ".join(str(c) for c in line) + " |" for line in lines))


def code(text: str) -> Markdown:
    """Python code as a block in the text."""
    return Markdown(f"```python\n{text}\n```")


def _matrix(rows: list[list[str]]) -> str:
    r"""Rows of LaTeX as a bracketed matrix; large ones are cut with \cdots."""
    rows = _cut([_cut(row, r"\cdots") for row in rows], [r"\vdots"])
    width = max(len(row) for row in rows)
    rows = [row if len(row) == width else row * width for row in rows]
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def _cut(items: list[Any], mark: object) -> list[Any]:
    """The first few and the last of many items, with a mark for those left out."""
    return items if len(items) <= WIDEST else [*items[: WIDEST - 2], mark, items[-1]]
