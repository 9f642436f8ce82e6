"""The letters that the PDF can show: those of the fonts that it is set in."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fontTools.ttLib import TTFont

from qmdbook import FONTS


def first_missing(text: str) -> str:
    """The first letter of a text that no font has, or an empty string."""
    if text.isascii():
        return ""
    drawn = _drawn()
    return next(
        (x for x in text if ord(x) not in drawn and unicodedata.category(x)[0] not in "CZ"), ""
    )


@cache
def _drawn() -> frozenset[int]:
    spec = find_spec("matplotlib")  # which has the font of code, as typst has
    beside = Path(spec.origin).parent if spec and spec.origin else Path()
    paths = [*FONTS.glob("*-regular.ttf"), FONTS / "stix-two-math.ttf"]
    paths.append(beside / "mpl-data" / "fonts" / "ttf" / "DejaVuSansMono.ttf")
    letters: set[int] = set()
    for path in paths:
        with TTFont(path, lazy=True) as font:
            letters.update(font.getBestCmap())
    return frozenset(letters)
