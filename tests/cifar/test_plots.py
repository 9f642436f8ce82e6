"""Chapter 3's figures: what they show, not how they look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from hw1lib.cifar.plots import (
    plot_accuracies,
    plot_calibration,
    plot_class_accuracy,
    plot_confusion,
    plot_first_layer,
    plot_flat,
    plot_losses,
)
from hw1lib.cifar.predictions import Predictions
from hw1lib.cifar.results import load_results

LEAST = 9 / 328 * 4.8 * 72  # points: 9 pixels where a figure of 4.8 inches is 328 pixels wide


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    """Two seeds that stopped after 5 and 6 epochs; seed 8 jumps in epoch 3."""
    losses = {7: [2.0, 1.5, 1.0, 0.2, 0.1], 8: [2.2, 1.7, 3.0, 0.5, 0.2, 0.1]}
    rows = [
        {
            "seed": seed, "epoch": epoch, "train_loss": loss,
            "test_loss": 1 + abs(epoch - seed + 5), "train_accuracy": epoch / 8,
            "test_accuracy": epoch / 16,
        }
        for seed, run in losses.items()
        for epoch, loss in enumerate(run, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def predictions(root: Path) -> Predictions:
    return load_results(root / "results").predictions


def drawn(axes: Axes) -> list[list[float]]:
    """The values of the lines, without those that were not measured."""
    return [[float(y) for y in line.get_ydata() if np.isfinite(y)] for line in axes.lines]


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_losses_show_every_seed_the_median_and_the_range(history: pd.DataFrame) -> None:
    (axes,) = plot_losses(history).axes
    assert [2.0, 1.5, 1.0, 0.2, 0.1] in drawn(axes)
    assert [2.2, 1.7, 3.0, 0.5, 0.2, 0.1] in drawn(axes)
    assert any(line == pytest.approx([2.1, 1.6, 2.0, 0.35, 0.15]) for line in drawn(axes))
    assert "training\n0.1000" in texts(axes)
    assert "test\n4.00" in texts(axes)  # seed 7 ends at 4, seed 8 too
    bands = [c for c in axes.collections if isinstance(c, PolyCollection)]
    corners = {(x, y) for band in bands for x, y in band.get_paths()[0].vertices}
    assert {(3.0, 1.0), (3.0, 3.0)} <= corners


def test_losses_mark_lowest_test_loss_and_stops(history: pd.DataFrame) -> None:
    (axes,) = plot_losses(history).axes
    ticks = [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "|"]
    assert ticks == [[2, 3], [5, 6]]


def test_the_end_is_drawn_on_both_scales(history: pd.DataFrame) -> None:
    linear, log = plot_flat(history, window=2).axes
    assert (linear.get_yscale(), log.get_yscale()) == ("linear", "log")
    for axes in (linear, log):
        assert drawn(axes)[:3] == [
            [2.0, 1.5, 1.0, 0.2, 0.1], [2.2, 1.7, 3.0, 0.5, 0.2, 0.1], [0.2, 0.1]
        ]  # fmt: skip
    assert drawn(plot_flat(history, window=1).axes[0])[0] == [1.0, 0.2, 0.1]


def test_accuracies_are_in_percent(history: pd.DataFrame) -> None:
    (axes,) = plot_accuracies(history).axes
    assert [12.5, 25, 37.5, 50, 62.5, 75] in drawn(axes)
    assert "test\n34.4" in texts(axes)  # the mean of 5/16 and 6/16


def test_one_seed_can_be_drawn(history: pd.DataFrame) -> None:
    alone = history[history["seed"] == 7]
    for figure in (plot_losses(alone), plot_flat(alone, 2), plot_accuracies(alone)):
        figure.canvas.draw()


def test_predictions_are_shown(predictions: Predictions) -> None:
    (axes,) = plot_confusion(predictions).axes
    shares = predictions.confusion().to_numpy().flatten()
    assert texts(axes) == [f"{100 * share:.0f}" for share in shares]
    (axes,) = plot_class_accuracy(predictions).axes
    means = sorted((100 * predictions.class_accuracy()).mean(axis="columns"))
    assert texts(axes)[:10] == [f"{mean:.1f}" for mean in means]
    (axes,) = plot_calibration(predictions).axes
    assert drawn(axes)[1] == list(100 * predictions.calibration()["accuracy"])


def test_numbers_of_the_confusion_matrix_stand_out(predictions: Predictions) -> None:
    """Contrast with black is at least 7, so that the inverted figure is legible too."""
    (axes,) = plot_confusion(predictions).axes
    (image,) = axes.images
    rgb = image.cmap(image.norm(image.get_array()))[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert ((luminance + 0.05) / 0.05).min() >= 7
    assert {text.get_color() for text in axes.texts} == {"black"}


def test_units_stand_in_the_same_place_before_and_after() -> None:
    weights = torch.arange(8.0)[:, None].expand(8, 1024).clone()
    weights[:, 0] = 100.0
    halves = plot_first_layer(weights, -weights).axes
    for axes, sign in zip(halves, (1, -1), strict=True):
        mosaic = torch.as_tensor(axes.images[0].get_array().filled(float("nan")))
        assert mosaic.shape == (2 * 34, 4 * 34)
        for unit in range(8):
            row, column = divmod(unit, 4)
            image = mosaic[34 * row + 1 : 34 * row + 33, 34 * column + 1 : 34 * column + 33]
            assert torch.allclose(image.flatten(), sign * weights[unit] / 100, atol=0.5 / 6)


def test_letters_are_legible_on_a_phone(root: Path, predictions: Predictions) -> None:
    results = load_results(root / "results")
    weights = results.weights["0.weight"][:16]
    figures: list[Figure] = [
        plot_losses(results.history), plot_accuracies(results.history),
        plot_flat(results.history, 10),
        plot_confusion(predictions), plot_class_accuracy(predictions),
        plot_calibration(predictions), plot_first_layer(weights, weights),
    ]  # fmt: skip
    for figure in figures:
        assert figure.get_figwidth() <= 4.8
        for axes in figure.axes:
            labels = [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels(), axes.title]
            assert min(label.get_fontsize() for label in labels if label.get_text()) >= LEAST
