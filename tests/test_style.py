"""The look that all figures share."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.font_manager import findfont

from hw1lib.style import book_figure


def test_figures_are_closed_once_made() -> None:
    with book_figure():
        assert len(plt.get_fignums()) == 1
    assert plt.get_fignums() == []


def test_figures_are_set_in_the_font_of_the_pdf() -> None:
    with book_figure() as (_, axes):
        label = axes.xaxis.get_label()
    assert Path(findfont(label.get_fontproperties())).name == "stix-two-text-regular.ttf"
    assert label.get_math_fontfamily() == "stix"


def test_nothing_hides_the_page_behind_a_figure() -> None:
    with book_figure() as (figure, axes):
        assert figure.get_facecolor()[3] == axes.get_facecolor()[3] == 0
