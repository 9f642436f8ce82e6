"""The drawing and the charts: what they show, not how they look."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from hypothesis import given, settings
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont

from hw1lib.backprop import forward
from hw1lib.drawing import draw_network
from hw1lib.network import Network, parse_network
from hw1lib.plots import plot_accuracies, plot_bias_correction, plot_losses
from hw1lib.results import load_results
from networks import networks
from test_network import GOOD


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_drawing_shows_values_weights_biases_and_the_units_that_are_off() -> None:
    network = parse_network(GOOD)
    shown = texts(draw_network(network, forward(network)))
    assert "$x_{2}$\n-2" in shown
    assert "$h_{1}$\n1" in shown
    assert shown.count("1") + shown.count("0") == 6 + 6
    assert "bias 1\noff" in shown
    assert "bias 1/2\ntarget 0" in shown


@settings(max_examples=10, deadline=None)
@given(networks(largest=8))
def test_every_network_can_be_drawn(network: Network) -> None:
    draw_network(network, forward(network)).canvas.draw()


def test_bias_correction_plot_marks_the_steps_asked_for() -> None:
    axes = plot_bias_correction(2, 0.9, (2, 10)).axes[0]
    marked = {
        (float(line.get_xdata()[0]), round(float(line.get_ydata()[0]), 6))
        for line in axes.lines
        if len(line.get_xdata()) == 1
    }
    assert {(2.0, 0.38), (10.0, 1.302643)} <= marked


def test_training_plots_show_the_history(root: Path) -> None:
    history = load_results(root / "results").history
    losses = plot_losses(history, window=10).axes[0]
    assert list(losses.lines[0].get_ydata()) == list(history["train_loss"])
    assert list(losses.lines[1].get_ydata()) == list(history["test_loss"])
    accuracies = plot_accuracies(history).axes[0]
    assert list(accuracies.lines[1].get_ydata()) == pytest.approx(
        list(100 * history["test_accuracy"])
    )


def test_figures_are_closed_once_made(root: Path) -> None:
    plot_accuracies(load_results(root / "results").history)
    assert plt.get_fignums() == []


def test_figures_are_set_in_the_font_of_the_pdf(root: Path) -> None:
    axes = plot_accuracies(load_results(root / "results").history).axes[0]
    label = axes.xaxis.get_label()
    assert Path(findfont(label.get_fontproperties())).name == "LibertinusSerif-Regular.otf"
    assert label.get_math_fontfamily() == "stix"
