from __future__ import annotations

import json
import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw1lib.backprop.judging import HINTS, Tolerance, Verdict, judge, read

GROUPS = json.loads(Path(__file__).with_name("judging.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("group", GROUPS, ids=[group["about"] for group in GROUPS])
def test_cases(group: dict[str, object]) -> None:
    """The same cases are those of interactive/backprop/judging.js."""
    value = math.nan if group["value"] is None else float(str(group["value"]))
    tolerance = Tolerance(
        float(str(group.get("rtol", 0.01))), int(str(group.get("digits_needed", 2)))
    )
    expected = {text: verdict for verdict in Verdict for text in group.get(verdict, [])}
    assert {text: judge(text, value, tolerance) for text in expected} == expected


@given(st.integers(-(10**6), 10**6), st.integers(3, 6), st.integers(-2, 2))
def test_without_tolerance_a_number_is_rounded_or_cut_off(
    size: int, places: int, step: int
) -> None:
    """By decimal arithmetic; 9973 is a prime, so that nothing lies halfway."""
    right, unit = size / 9973, Decimal(1).scaleb(-places)
    cut, rounded = (Decimal(right).quantize(unit, how) for how in (ROUND_DOWN, ROUND_HALF_UP))
    typed = cut + step * unit
    is_right = typed in (cut, rounded) if typed else size == 0
    assert (judge(str(typed), right, Tolerance(0, 2)) == Verdict.RIGHT) == is_right


@given(st.floats(1, 9.99), st.integers(-3, 3), st.sampled_from([-1, 1]))
def test_one_unit_in_the_second_digit_is_wrong(size: float, power: int, step: int) -> None:
    right = size * 10.0**power
    assert judge(f"{right + step * 10.0 ** (power - 1):.9f}", right) != Verdict.RIGHT
    assert judge(f"{right * (1 + step * 0.0099):.9f}", right) == Verdict.RIGHT


@given(st.text())
def test_any_text_is_read_or_not(text: str) -> None:
    assert judge(text, 1.0) in Verdict


def test_long_texts_take_no_time() -> None:
    assert read("1" + " " * 250_000 + "/2") is read("9" * 250_000) is None


def test_every_verdict_that_asks_for_more_has_words() -> None:
    assert set(HINTS) == set(Verdict) - {Verdict.RIGHT, Verdict.OPEN}
    assert "at most 0.5% off" in Tolerance(0.005).rule
    assert "3 significant digits or 4 decimals" in Tolerance(digits=3).rule
