"""Chapter 2's figures: what they show, not how they look."""

from __future__ import annotations

import pytest
from matplotlib.patches import Rectangle

from hw1lib.adam.plots import plot_expectations, plot_step_sizes, plot_weights


def test_bars_are_the_weights_and_outlines_add_up_to_one() -> None:
    above, below = plot_weights(0.9, [1.0, 3.0], [0.1, 0.39], [1.0, 2.05], t=2).axes
    heights = [bar.get_height() for bar in above.patches if isinstance(bar, Rectangle)]
    assert heights == pytest.approx([0.81, 0.09, 0.1, 0.09 / 0.19, 0.1 / 0.19])
    assert sum(heights[:3]) == pytest.approx(1)
    assert sum(heights[3:]) == pytest.approx(1)
    drawn = [list(line.get_ydata()) for line in below.lines]
    assert drawn[:3] == [[1.0, 3.0], [1.0, 2.05], [0.1, 0.39]]


def test_the_steps_asked_for_are_circled_and_intervals_drawn() -> None:
    expected = [2 * (1 - 0.9**t) for t in range(1, 11)]
    axes = plot_expectations(2, expected, {1: (0.2, 0.01)}, (2, 10)).axes[0]
    points = [line.get_xydata().tolist()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert [2, expected[1]] in points
    assert [10, expected[9]] in points
    (bar,) = axes.collections[0].get_segments()
    assert bar.flatten().tolist() == pytest.approx([1, 0.19, 1, 0.21])


def test_the_peak_of_the_step_sizes_is_labelled() -> None:
    axes = plot_step_sizes([1, 1, 1], [3, 4, 2]).axes[0]
    assert [list(line.get_ydata()) for line in axes.lines] == [[1, 1, 1], [3, 4, 2]]
    labels = {text.get_text(): text.xy for text in axes.texts}
    assert labels["without correction"] == (2, 4)
