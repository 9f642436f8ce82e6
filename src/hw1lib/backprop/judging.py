"""Whether a number that somebody wrote is right; interactive/backprop/judging.js does the same.

Both are held to the cases of tests/backprop/judging.json.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hw1lib.backprop.network import NUMBER

LONGEST = 100  # letters of a number
EXACT = 1e-9  # share of the right value by which arithmetic may be off
NEGLIGIBLE = 1e-12  # what arithmetic may leave of a zero
CLOSE = 0.05  # share of the right value by which a number is off that is nearly right
HALF, WHOLE = 0.5 + 1e-6, 1 - 1e-6  # of the last digit, with room for errors of arithmetic


class Verdict(StrEnum):
    """The verdict on a number, from right to wrong."""

    RIGHT = "right"
    DIGITS = "digits"
    EARLY = "early"
    WRONG = "wrong"
    UNREADABLE = "unreadable"
    OPEN = "open"


HINTS = {
    Verdict.DIGITS: "Right so far: give more digits, or a fraction.",
    Verdict.EARLY: "Close: keep more digits on the way, and round at the end.",
    Verdict.WRONG: "Not yet right.",
    Verdict.UNREADABLE: "This is not a number: write 3, -0.25 or 1/3.",
}


@dataclass(frozen=True)
class Tolerance:
    """How precise a number must be.

    Attributes:
        rtol: the share of the right value by which a number may be off.
        digits: significant digits that are enough; one decimal more is enough, too.
    """

    rtol: float = 0.01
    digits: int = 2

    @property
    def rule(self) -> str:
        """The rule of `judge` in words."""
        return (
            f"A number is right if it is at most {100 * self.rtol:g}% off, or is the right value "
            "rounded or cut off at the digits given. Unless it is exact, it needs "
            f"{self.digits} significant digits or {self.digits + 1} decimals. Where the right "
            "value is 0, only 0 is right, and 0 is right nowhere else."
        )


@dataclass(frozen=True)
class Numeral:
    """A number as it is written.

    Attributes:
        value: the number.
        decimals: digits after the point, less the exponent; infinite for a fraction.
        digits: significant digits, leading zeros not among them; infinite for a fraction.
    """

    value: float
    decimals: float
    digits: float


def read(text: str) -> Numeral | None:
    """Reads a whole number, decimal or fraction; None if the text is none of these.

    A comma may stand for the point, U+2212 for the hyphen, and _ between digits.
    """
    if len(text) > LONGEST:
        return None
    plain = re.sub(r"\s*/\s*", "/", text.strip()).replace("−", "-")
    plain = re.sub(r"(?<=\d)_(?=\d)", "", re.sub(r",(?=\d)", ".", plain))
    if not NUMBER.fullmatch(plain):
        return None
    value = float(Fraction(plain))
    if "/" in plain:
        return Numeral(value, math.inf, math.inf)
    mantissa, _, exponent = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return Numeral(value, decimals, len(mantissa.lstrip("+-0.").replace(".", "")))


def judge(typed: str | Numeral | None, value: float, tolerance: Tolerance | None = None) -> Verdict:
    """The verdict on a number, by the rule of `Tolerance.rule`.

    Args:
        typed: a text, or what `read` gives for it.
        value: the right value.
        tolerance: how precise the number must be; `Tolerance()` if None.
    """
    tolerance = tolerance or Tolerance()
    if isinstance(typed, str):
        if not typed.strip():
            return Verdict.OPEN
        typed = read(typed)
    if typed is None:
        return Verdict.UNREADABLE
    if typed.value == 0 or abs(value) < NEGLIGIBLE or not math.isfinite(value):
        is_zero = typed.value == 0 and abs(value) < NEGLIGIBLE
        return Verdict.RIGHT if is_zero else Verdict.WRONG
    share = abs(typed.value - value) / abs(value)
    if share <= EXACT:
        return Verdict.RIGHT
    if share <= tolerance.rtol or _is_rounded(typed, value):
        is_precise = typed.digits >= tolerance.digits or typed.decimals > tolerance.digits
        return Verdict.RIGHT if is_precise else Verdict.DIGITS
    return Verdict.EARLY if share <= CLOSE else Verdict.WRONG


def agrees(typed: str | Numeral | None, value: float, tolerance: Tolerance | None = None) -> bool:
    """Whether a number is right."""
    return judge(typed, value, tolerance) == Verdict.RIGHT


def _is_rounded(typed: Numeral, value: float) -> bool:
    """Whether a number is the right value rounded, half either way, or cut off."""
    unit: float = 10.0**-typed.decimals
    beyond = math.copysign(1, value) * (value - typed.value)  # how much further from 0 it is
    return -HALF * unit <= beyond < WHOLE * unit
