"""One look for all figures: colour-blind safe, transparent, readable in print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.rcsetup import cycler

from qmdbook import FONTS

# Okabe and Ito's palette, the colours that stay apart for every kind of colour vision.
BLUE, ORANGE, GREEN, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
GRAY = "#6b7280"
INK = "black"  # of text; the dark theme inverts figures
WIDTH, HEIGHT = 5.6, 3.3  # letters of 10 points are 9 pixels high on a screen of 360

RC = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, PURPLE, SKY]),
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "font.size": 10,
    "mathtext.fontset": "stix",
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "svg.fonttype": "path",
}

# The book's own font, or else its like that comes with matplotlib.
FAMILIES = ("STIX Two Text", "STIXGeneral")

for path in FONTS.glob("stix-two-text-*.ttf"):
    fontManager.addfont(path)


@contextmanager
def book_figure(width: float = WIDTH, height: float = HEIGHT) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one set of axes in the book's look; sizes in inches.

    It is closed at the end, so that a notebook shows it once, where it is returned.
    """
    known = fontManager.get_font_names()
    families = [family for family in FAMILIES if family in known]
    with plt.rc_context(cast("Any", RC | {"font.family": families})):
        figure, axes = plt.subplots(figsize=(width, height))
        try:
            yield figure, axes
        finally:
            plt.close(figure)


def label_line(axes: Axes, x: float, y: float, text: str, color: str, dy: float = 0) -> None:
    """A direct label at the end of a line, in the line's colour."""
    axes.annotate(
        text, (x, y), xytext=(5, dy), textcoords="offset points", color=color, va="center"
    )
