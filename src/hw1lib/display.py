"""Numbers, matrices and tables as a chapter shows them."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

import sympy
import torch
from IPython.display import Markdown
from torch import Tensor

Item = TypeVar("Item")

DIGITS = 4  # decimals of a result
MOST_DIGITS = 15  # decimals that a float64 has
LONGEST = 12  # operations up to which an exact value is shown
MOST_ROWS = 10  # up to which a matrix is shown whole
CUT = 6  # rows or columns that are left of a larger one
PAGE = 72  # letters of a matrix's row that a page has room for
PHONE = 36  # letters of a line that a phone has room for
LEFT = 5  # letters of them that the left side of an equation takes


def tex(value: object, digits: int = DIGITS) -> Markdown:
    """A number, vector, matrix or expression as LaTeX without delimiters, for inline values.

    Tensors are rounded to `digits` decimals; fractions and sympy's values stay exact, decimals
    among them as they are written. A vector is a column.
    """
    return Markdown(latex(value, digits))


def rounded(value: Tensor, digits: int = DIGITS) -> Markdown:
    r"""What stands right of a symbol: `= value`, or `\approx value` if it had to be rounded."""
    is_exact = torch.equal(as_printed(value, digits), value)
    return Markdown(f"{_relation(is_exact)} {latex(value, digits)}")


def evaluated(
    exact_value: object, approximate: Tensor, decimals: bool = False, digits: int = DIGITS
) -> Markdown:
    r"""What stands right of a symbol: `= exact`, `= exact \approx decimal` or `\approx decimal`.

    Args:
        exact_value: fractions or sympy's values; None if there are none.
        approximate: the same, rounded.
        decimals: whether rational values are shown as decimals, and others not in exact form.
        digits: decimals of the rounded value.
    """
    decimal_value = latex(approximate, digits)
    entries = [] if exact_value is None else list(sympy.Matrix([exact_value]))
    rational = bool(entries) and all(entry.is_Rational for entry in entries)
    if decimals:
        complete = rational and all((entry * 10**digits).is_Integer for entry in entries)
        return Markdown(f"{_relation(complete)} {decimal_value}")
    if not entries or not all(map(_is_readable, entries)):
        return Markdown(rf"\approx {decimal_value}")
    shown = latex(exact_value)
    return Markdown(f"= {shown}" if rational else rf"= {shown} \approx {decimal_value}")


def _relation(is_exact: bool) -> str:
    return "=" if is_exact else r"\approx"


def stacked(*factors: object) -> Markdown:
    r"""A product or sum, and its value, in the lines of an aligned equation that a phone needs.

    Args:
        factors: values as for `tex`, or its results and those of `rounded` and `evaluated`; "+" and
            "-" belong to what follows. A further line is indented, and starts with its sign or
            relation, or with the dot of a product.
    """
    pieces, sign = [], ""
    for factor in factors:
        if factor in ("+", "-"):
            sign = f"{factor} "
        else:
            pieces.append(sign + (factor.data if isinstance(factor, Markdown) else latex(factor)))
            sign = ""
    return Markdown(
        _broken([" ".join(line) for line in _lines(pieces, 1, PHONE - LEFT)], r"\quad ")
    )


def definitions(**values: object) -> Markdown:
    """Names with their values as lines of an aligned equation, as many in a line as fit there."""
    pieces = [f"{name} = {latex(value)}" for name, value in values.items()]
    return Markdown(
        _broken([r", \quad ".join(line) + "," for line in _lines(pieces, 3, PHONE)])[:-1]
    )


def _broken(lines: Sequence[str], indent: str = "") -> str:
    r"""Lines with breaks between them; one that only a phone needs has {} for formulas.lua."""
    text, letters = "", 0
    for line in lines:
        is_factor = text and indent and not line.startswith(("+", "-", "=", r"\approx"))
        letters += printed_letters(line)
        if text and letters <= PAGE:
            text += rf" \\ &{indent}{{}} "
        elif text:
            text, letters = rf"{text} \\ &{indent}", printed_letters(line)
        text += rf"\cdot {line}" if is_factor else line
    return text


def _lines(pieces: Sequence[str], gap: int, line: int) -> list[list[str]]:
    """The pieces in lines of so many letters, or of one piece; `gap` is in letters."""
    lines: list[list[str]] = []
    room = 0
    for piece in pieces:
        letters = printed_letters(piece) + gap
        if letters > room:
            lines.append([])
            room = line
        lines[-1].append(piece)
        room -= letters
    return lines


def enough_digits(
    redo: Callable[..., Tensor], factors: Sequence[Tensor], result: Tensor, digits: int = DIGITS
) -> int:
    """Fewest decimals of the factors with which a reader gets the result as it is printed.

    Args:
        redo: computes the result from the factors.
        factors: as they are before they are rounded.
        result: what is printed.
        digits: decimals of the result.
    """
    wanted = as_printed(result, digits)
    for enough in range(digits, MOST_DIGITS):
        redone = redo(*(as_printed(factor, enough) for factor in factors))
        if torch.equal(as_printed(redone, digits), wanted):
            return enough
    return MOST_DIGITS


def as_printed(value: Tensor, digits: int = DIGITS) -> Tensor:
    """The numbers that a reader sees where `latex` shows a tensor."""
    seen = [
        float(short(number, digits).replace(r" \times 10^{", "e").replace("}", ""))
        for number in value.reshape(-1).tolist()
    ]
    return torch.tensor(seen, dtype=torch.float64).reshape(value.shape)


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
    return str(sympy.latex(sympy.sympify(value), fold_short_frac=True))


def _is_readable(value: sympy.Expr) -> bool:
    """Whether an exact value is short, and so are the numbers in it."""
    numbers = value.atoms(sympy.Rational)
    return value.count_ops() <= LONGEST and all(n.q < 1000 and abs(n.p) < 10**6 for n in numbers)


def decimal(value: float, digits: int = DIGITS) -> str:
    """A rounded number; whole ones without decimals, tiny and huge ones with their power of ten.

    A number has two digits at least that are not leading zeros.
    """
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    text = f"{value:.{digits}f}"
    is_tiny = float(text) == 0 or abs(value) < 10 ** (1 - max(digits, DIGITS))
    return scientific(value, max(2, digits - 2)) if is_tiny or abs(value) >= 1e6 else text


def short(value: float, digits: int = DIGITS) -> str:
    """A `decimal` without the zeros at its end if the number has no more than `digits` decimals."""
    text = f"{value:.{digits}f}"
    if float(text) == value and 0 < abs(value) < 1e6:
        return text.rstrip("0").rstrip(".")
    return decimal(value, digits)


def scientific(value: float, digits: int = 2) -> str:
    """A number as a LaTeX power of ten, to so many digits; 0 stays 0."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
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


def printed_letters(text: str) -> int:
    """About how many letters wide a formula is that has no line breaks outside of its matrices."""
    matrix = re.search(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", text, re.DOTALL)
    if matrix:
        widest = max(map(_row_letters, (row.split("&") for row in matrix[1].split(r"\\"))))
        return (
            printed_letters(text[: matrix.start()]) + widest + printed_letters(text[matrix.end() :])
        )
    text = re.sub(r"\\d?frac\{([^{}]*)\}\{([^{}]*)\}", lambda f: max(f[1], f[2], key=len), text)
    return len(re.sub(r"\\(left|right)|[\s{}^_]", "", re.sub(r"\\[a-zA-Z]+", "x", text)))


def _row_letters(entries: Sequence[str]) -> int:
    """The letters of a matrix's row, with the gaps between its entries and the brackets."""
    return sum(map(printed_letters, entries)) + 2 * len(entries)


def _matrix(rows: list[list[str]]) -> str:
    r"""Rows of LaTeX as a bracketed matrix; one that a page has no room for is cut by dots."""
    if len(rows) > MOST_ROWS:
        rows = _cut(rows, CUT, [r"\vdots"] * len(rows[0]))
    if max(map(_row_letters, rows)) > PAGE:
        columns = min(CUT, PAGE // (2 + max(printed_letters(e) for row in rows for e in row)))
        rows = [_cut(row, max(columns, 3), r"\cdots") for row in rows]
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def _cut(items: list[Item], count: int, mark: Item) -> list[Item]:
    """The first few and the last of many items, with a mark for those left out."""
    return items if len(items) <= count else [*items[: count - 2], mark, items[-1]]
