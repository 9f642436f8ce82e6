"""The drawing and the charts: what they show, not how they look."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import given, settings
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from test_network import GOOD

from hw1lib.backprop.drawing import draw_network
from hw1lib.backprop.manual import forward
from hw1lib.backprop.network import Network, parse_network
from hw1lib.cifar.plots import (
    plot_accuracies,
    plot_calibration,
    plot_class_accuracy,
    plot_confusion,
    plot_first_layer,
    plot_gap,
    plot_losses,
)
from hw1lib.cifar.results import load_results
from networks import networks


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_drawing_shows_values_weights_biases_and_the_units_that_are_off() -> None:
    network = parse_network(GOOD)
    shown = texts(draw_network(network, forward(network)))
    assert "$x_{2}$\n−2" in shown
    assert "$h_{1}$\n1" in shown
    assert shown.count("1") + shown.count("0") == 6 + 6
    assert "bias 1\noff" in shown
    assert "bias 1/2\ntarget 0" in shown


@settings(max_examples=10, deadline=None)
@given(networks(largest=8))
def test_every_network_can_be_drawn(network: Network) -> None:
    draw_network(network, forward(network)).canvas.draw()


def test_training_plots_show_every_seed_and_the_mean(root: Path) -> None:
    history = load_results(root / "results").history
    lines = {tuple(line.get_ydata()) for line in plot_losses(history).axes[0].lines}
    first = history[history["seed"] == 0]
    padding = history["epoch"].max() - len(first)
    drawn = [line[: len(first)] for line in lines if len(line) == len(first) + padding]
    assert tuple(first["train_loss"]) in drawn
    assert tuple(first["test_loss"]) in drawn
    common = history.pivot(index="epoch", columns="seed", values="test_loss").dropna()
    assert tuple(common.mean(axis="columns")) in lines
    stops = history.groupby("seed")["epoch"].max()
    upright = {x[0] for x in (line.get_xdata() for line in plot_losses(history).axes[0].lines)
               if len(x) == 2 and x[0] == x[1]}  # fmt: skip
    assert upright == set(stops)


def test_the_gap_is_training_less_test_accuracy(root: Path) -> None:
    history = load_results(root / "results").history
    gap = 100 * (history["train_accuracy"] - history["test_accuracy"])
    lines = [line.get_ydata() for line in plot_gap(history).axes[0].lines]
    assert list(lines[0][:100]) == pytest.approx(list(gap[history["seed"] == 0][:100]))


def test_one_seed_can_be_drawn(root: Path) -> None:
    history = load_results(root / "results").history
    for plot in (plot_losses, plot_accuracies, plot_gap):
        plot(history[history["seed"] == 0]).canvas.draw()


def test_prediction_plots_show_the_predictions(root: Path) -> None:
    predictions = load_results(root / "results").predictions
    shown = texts(plot_confusion(predictions))
    assert shown == [f"{100 * s:.0f}" for s in predictions.confusion().to_numpy().flatten()]
    shares = sorted(100 * predictions.class_accuracy().mean(axis="columns"))
    assert texts(plot_class_accuracy(predictions))[:10] == [f"{share:.0f}" for share in shares]
    line = plot_calibration(predictions).axes[0].lines[1]
    assert list(line.get_ydata()) == list(100 * predictions.calibration()["accuracy"])


def test_every_unit_of_the_first_layer_is_shown_in_its_place() -> None:
    weights = torch.arange(32.0)[:, None].expand(32, 1024).clone()
    weights[:, 0] = 100.0
    (shown,) = plot_first_layer(weights).axes[0].images
    mosaic = torch.as_tensor(shown.get_array().filled(float("nan")))
    assert mosaic.shape == (2 * 34, 16 * 34)
    for unit in (0, 5, 16, 31):
        row, column = divmod(unit, 16)
        image = mosaic[34 * row + 1 : 34 * row + 33, 34 * column + 1 : 34 * column + 33]
        assert torch.allclose(image.flatten(), weights[unit] / 100, atol=0.5 / 6)


def test_figures_are_closed_once_made(root: Path) -> None:
    plot_accuracies(load_results(root / "results").history)
    assert plt.get_fignums() == []


def test_figures_are_set_in_the_font_of_the_pdf(root: Path) -> None:
    axes = plot_accuracies(load_results(root / "results").history).axes[0]
    label = axes.xaxis.get_label()
    assert Path(findfont(label.get_fontproperties())).name == "LibertinusSerif-Regular.otf"
    assert label.get_math_fontfamily() == "stix"
