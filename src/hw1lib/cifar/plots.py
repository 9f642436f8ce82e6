"""The charts of chapter 3: mean and spread over the seeds."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from hw1lib.cifar.predictions import Predictions
from hw1lib.cifar.stopping import lowest
from hw1lib.style import BLUE, GRAY, GREEN, ORANGE, book_figure, label_line

SHADES = 6  # of either colour
SETS = (("train", BLUE, "training"), ("test", ORANGE, "test"))


def plot_losses(history: pd.DataFrame) -> Figure:
    """Training and test loss over the epochs; marks the stops and the lowest mean test loss."""
    with book_figure() as (figure, axes):
        for split, color, name in SETS:
            _band(axes, _by_seed(history, f"{split}_loss"), color, name)
        _mark_stops(axes, history)
        mean = _by_seed(history, "test_loss").dropna().mean(axis="columns").tolist()
        best = lowest(mean)
        axes.plot(best, mean[best - 1], "o", color=ORANGE)
        axes.annotate(
            f"lowest test loss,\nepoch {best}",
            (best, mean[best - 1]),
            xytext=(-4, 22),
            textcoords="offset points",
            color=ORANGE,
        )
        axes.set_ylabel("cross-entropy (nats)")
        axes.set_ylim(bottom=0)
    return figure


def plot_accuracies(history: pd.DataFrame) -> Figure:
    """Training and test accuracy over the epochs, in percent."""
    with book_figure() as (figure, axes):
        for split, color, name in SETS:
            _band(axes, 100 * _by_seed(history, f"{split}_accuracy"), color, name, highest=100)
        axes.set_ylabel("accuracy (%)")
        axes.set_ylim(0, 104)
    return figure


def plot_gap(history: pd.DataFrame) -> Figure:
    """The generalisation gap: training accuracy less test accuracy, in percentage points."""
    gap = _by_seed(history, "train_accuracy") - _by_seed(history, "test_accuracy")
    with book_figure(height=2.6) as (figure, axes):
        _band(axes, 100 * gap, BLUE, "gap")
        axes.axhline(0, color=GRAY, linewidth=0.8)
        axes.set_ylabel("gap (percentage points)")
    return figure


def plot_confusion(predictions: Predictions) -> Figure:
    """What the images of each class are taken for, in percent of the class."""
    table = 100 * predictions.confusion()
    with book_figure(6.4, 5.2) as (figure, axes):
        axes.imshow(table, cmap="Blues", vmin=0, vmax=100)
        for i, row in enumerate(table.to_numpy()):
            for j, share in enumerate(row):
                color = "white" if share > 55 else "black"
                axes.text(j, i, f"{share:.0f}", ha="center", va="center", color=color, fontsize=8)
        ticks = range(len(table))
        axes.set_xticks(ticks, table.columns, rotation=45, ha="right")
        axes.set_yticks(ticks, table.index)
        axes.set_xlabel("taken for")
        axes.set_ylabel("is")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    return figure


def plot_class_accuracy(predictions: Predictions) -> Figure:
    """Accuracy of each class in percent: the mean over the seeds, and the range."""
    table = 100 * predictions.class_accuracy()
    table = table.loc[table.mean(axis="columns").sort_values().index]
    with book_figure(height=3.2) as (figure, axes):
        for place, (_, shares) in enumerate(table.iterrows()):
            axes.plot([shares.min(), shares.max()], [place, place], color=BLUE, linewidth=3)
            axes.plot(shares.mean(), place, "o", color=BLUE)
            label_line(axes, shares.max(), place, f"{shares.mean():.0f}", BLUE)
        axes.set_yticks(range(len(table)), table.index)
        axes.axvline(100 / len(table), color=GRAY, linewidth=0.8)
        axes.text(100 / len(table), len(table) - 0.6, " guessing", color=GRAY, fontsize=9)
        axes.set_xlim(0, 75)
        axes.set_xlabel("test accuracy (%)")
    return figure


def plot_calibration(predictions: Predictions) -> Figure:
    """Accuracy beside confidence; on the diagonal the net is right as often as it says."""
    table = 100 * predictions.calibration()[["confidence", "accuracy"]]
    shares = predictions.calibration()["count"] / predictions.predicted.numel()
    with book_figure(height=3.4) as (figure, axes):
        axes.plot([0, 100], [0, 100], color=GRAY, linewidth=1)
        axes.text(
            42, 50, "as often right as sure", color=GRAY, ha="center", rotation=29, fontsize=9
        )
        axes.plot(table["confidence"], table["accuracy"], color=BLUE)
        axes.scatter(table["confidence"], table["accuracy"], s=20 + 400 * shares, color=BLUE)
        axes.set_xlabel("confidence (%)")
        axes.set_ylabel("accuracy (%)")
        axes.set_xlim(0, 104)
        axes.set_ylim(0, 104)
    return figure


def plot_first_layer(weights: Tensor, columns: int = 16) -> Figure:
    """The first layer's weights as images, one a unit, each scaled to its largest weight.

    Args:
        weights: (units, 1024).
        columns: images side by side.
    """
    units, side = len(weights), 32
    images = weights / weights.abs().amax(dim=1, keepdim=True)
    images = (images * SHADES).round() / SHADES  # few shades, a small file
    framed = images.new_full((units, side + 2, side + 2), float("nan"))
    framed[:, 1:-1, 1:-1] = images.view(units, side, side)
    rows = framed.view(units // columns, columns, side + 2, side + 2)
    mosaic = rows.transpose(1, 2).reshape(units // columns * (side + 2), columns * (side + 2))
    with book_figure(6.4, 6.4 * units / columns**2) as (figure, axes):
        axes.imshow(mosaic.numpy(), cmap="RdBu_r", vmin=-1, vmax=1, interpolation="none")
        axes.set_axis_off()
    return figure


def _by_seed(history: pd.DataFrame, column: str) -> pd.DataFrame:
    """One column of the history, a row an epoch, a column a seed."""
    return history.pivot(index="epoch", columns="seed", values=column)


def _band(
    axes: Axes, values: pd.DataFrame, color: str, name: str, highest: float | None = None
) -> None:
    """A thin line a seed; mean and standard deviation as long as all seeds are training."""
    axes.plot(values, color=color, linewidth=0.6, alpha=0.35)
    common = values.dropna()
    mean, spread = common.mean(axis="columns"), common.std(axis="columns").fillna(0)
    low, high = mean - spread, (mean + spread).clip(upper=highest)
    axes.fill_between(common.index, low, high, color=color, alpha=0.25, linewidth=0)
    axes.plot(mean, color=color)
    last = values.ffill().iloc[-1].mean()
    label_line(axes, float(values.index[-1]), float(last), name, color, dy=4)
    axes.set_xlabel("epoch")
    axes.margins(x=0.02)


def _mark_stops(axes: Axes, history: pd.DataFrame) -> None:
    """A line where each seed's training stopped."""
    stops = sorted(history.groupby("seed")["epoch"].max())
    for stop in stops:
        axes.axvline(stop, color=GREEN, linewidth=1, alpha=0.6)
    axes.annotate(
        "stop",
        (stops[0], axes.get_ylim()[1]),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        color=GREEN,
    )
