"""Fonts for names in any script."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import typst
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from qmdbook import FONTS

UNSEEN = "\u200c\u200d"  # which no font needs to have


def fonts_for(name: str) -> tuple[str, ...] | None:
    """Paths of fonts that a name needs beside the book's; None if a letter has none here."""
    missing = {letter for letter in name if letter not in UNSEEN} - _letters(_own())
    fonts: list[str] = []
    for path in _system() if missing else ():
        if held := missing & _letters(path):
            fonts.append(path)
            missing -= held
    return None if missing else tuple(fonts)


@cache
def typst_fonts(paths: tuple[str, ...] = ()) -> typst.Fonts:
    """The book's fonts and those of `paths`, read once."""
    folders = sorted({str(Path(path).parent) for path in paths})
    return typst.Fonts(font_paths=[str(FONTS), *folders])


def _own() -> str:
    return str(FONTS / "stix-two-text-regular.ttf")


@cache
def _system() -> tuple[str, ...]:
    return tuple(sorted(font_manager.findSystemFonts()))


@cache
def _letters(path: str) -> frozenset[str]:
    """The characters that a font has; none if it can't be read."""
    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (RuntimeError, OSError):
        return frozenset()
