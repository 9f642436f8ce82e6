"""The figures of chapter 3: curves over the epochs, predictions, weights of the first layer."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Transform
from torch import Tensor

from hw1lib.cifar.predictions import Predictions
from hw1lib.style import BLUE, GRAY, GREEN, INK, ORANGE, book_figure, label_line

WIDTH = 4.8  # inches: on a screen of 360 pixels, letters of 10 points are then 9 pixels high
COLUMNS = 4  # images of weights side by side
SHADES = 6  # of either colour in images of weights, for a small file


def plot_losses(history: pd.DataFrame) -> Figure:
    """Both losses over the epochs; ticks mark each seed's lowest test loss, and the stops."""
    train, test = _by_seed(history, "train_loss"), _by_seed(history, "test_loss")
    with book_figure(WIDTH, 3.0) as (figure, axes):
        _draw(axes, test, ORANGE, "test", ".2f")
        _draw(axes, train, BLUE, "training", ".4f")
        axes.set_ylim(bottom=-0.16 * test.max().max())
        axes.set_ylabel("cross-entropy (nats)")
        axes.set_xlabel("epoch")
        _mark(axes, test.idxmin(), ORANGE)
        axes.text(
            test.idxmin().max(), 0.03, " lowest test loss", color=ORANGE, transform=_foot(axes)
        )
        _mark_stops(axes, history)
    return figure


def plot_flat(history: pd.DataFrame, window: int) -> Figure:
    """The end of the training loss on a linear (left) and a logarithmic scale (right).

    The `window` of epochs that stopped the first seed is green (@eq-stopping), and so are the
    ticks where each seed stopped.
    """
    train = _by_seed(history, "train_loss")
    stop = int(history.groupby("seed")["epoch"].max().min())
    ends = train.loc[max(1, stop - 2 * window) :]
    last = train[train.columns[0]].dropna().tail(window)
    with book_figure(WIDTH, 2.7) as (figure, whole):
        whole.remove()
        for axes, scale in zip(figure.subplots(1, 2), ("linear", "log"), strict=True):
            axes.plot(ends, color=BLUE, linewidth=0.8, alpha=0.7)
            axes.plot(last, color=GREEN, linewidth=2.4)
            axes.set_yscale(scale)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
            axes.set_title(f"{scale} scale")
            axes.set_xlabel("epoch")
            _mark_stops(axes, history, "")
        figure.axes[0].set_ylabel("training loss (nats)")
        figure.axes[0].set_ylim(bottom=-0.12 * ends.max().max())  # room for the ticks
        figure.tight_layout()
    return figure


def plot_accuracies(history: pd.DataFrame) -> Figure:
    """Training and test accuracy over the epochs, in percent."""
    with book_figure(WIDTH, 2.9) as (figure, axes):
        _draw(axes, 100 * _by_seed(history, "train_accuracy"), BLUE, "training", ".1f")
        _draw(axes, 100 * _by_seed(history, "test_accuracy"), ORANGE, "test", ".1f")
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy (%)")
        axes.set_ylim(0, 104)
        _mark_stops(axes, history)
    return figure


def plot_confusion(predictions: Predictions) -> Figure:
    """Share of each true class that is predicted to be of each class, in percent."""
    table = 100 * predictions.confusion()
    with book_figure(WIDTH, 4.6) as (figure, axes):
        # The paler half of the colours: INK is legible on all of them, inverted or not.
        axes.imshow(table, cmap="Blues", vmin=0, vmax=2 * table.to_numpy().max())
        for i, row in enumerate(table.to_numpy()):
            for j, share in enumerate(row):
                axes.text(j, i, f"{share:.0f}", ha="center", va="center", color=INK)
        ticks = range(len(table))
        axes.set_xticks(ticks, table.columns, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(ticks, table.index)
        axes.set_xlabel("predicted class")
        axes.set_ylabel("true class")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    return figure


def plot_class_accuracy(predictions: Predictions) -> Figure:
    """Accuracy of each class in percent: the mean over the seeds, and the range."""
    table = 100 * predictions.class_accuracy()
    table = table.loc[table.mean(axis="columns").sort_values().index]
    with book_figure(WIDTH, 3.2) as (figure, axes):
        for place, (_, shares) in enumerate(table.iterrows()):
            axes.plot([shares.min(), shares.max()], [place, place], color=BLUE, linewidth=3)
            axes.plot(shares.mean(), place, "o", color=BLUE)
            label_line(axes, shares.max(), place, f"{shares.mean():.1f}", BLUE)
        axes.set_yticks(range(len(table)), table.index)
        axes.axvline(100 / len(table), color=GRAY, linewidth=0.8)
        axes.text(100 / len(table), len(table) - 0.6, " guessing", color=GRAY)
        axes.set_xlim(0, 1.15 * table.to_numpy().max())
        axes.set_xlabel("test accuracy (%)")
    return figure


def plot_calibration(predictions: Predictions) -> Figure:
    """Accuracy over confidence (@eq-calibration); the area of a dot is its bin's share."""
    table = 100 * predictions.calibration()[["confidence", "accuracy"]]
    shares = predictions.calibration()["count"] / predictions.predicted.numel()
    with book_figure(WIDTH, 3.4) as (figure, axes):
        axes.plot([0, 100], [0, 100], color=GRAY, linewidth=1)
        axes.text(
            55, 57, "perfectly calibrated", color=GRAY, ha="center", va="bottom", rotation=45,
            rotation_mode="anchor", transform_rotates_text=True,
        )  # fmt: skip
        axes.plot(table["confidence"], table["accuracy"], color=BLUE)
        axes.scatter(table["confidence"], table["accuracy"], s=20 + 400 * shares, color=BLUE)
        axes.set_xlabel("confidence (%)")
        axes.set_ylabel("accuracy (%)")
        axes.set_xlim(0, 104)
        axes.set_ylim(0, 104)
    return figure


def plot_first_layer(start: Tensor, trained: Tensor) -> Figure:
    """Weights of the same units before (left) and after training (right), one image per unit.

    Both have the shape (units, side * side). Each image is scaled to its own largest weight.
    """
    height = WIDTH / 2 * len(start) / COLUMNS**2
    with book_figure(WIDTH, 0.3 + height) as (figure, whole):
        whole.remove()
        halves = figure.subplots(1, 2, gridspec_kw={"wspace": 0.04})
        for axes, weights, title in zip(
            halves, (start, trained), ("before training", "after training"), strict=True
        ):
            mosaic = _mosaic(weights).numpy()
            axes.imshow(mosaic, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="none")
            axes.set_title(title)
            axes.set_axis_off()
        figure.subplots_adjust(0, 0, 1, 0.92)
    return figure


def _mosaic(weights: Tensor) -> Tensor:
    """The units' weights as framed square images, row by row, in few shades from -1 to 1."""
    units, side = len(weights), int(weights.shape[1] ** 0.5)
    images = weights / weights.abs().amax(dim=1, keepdim=True)
    images = (images * SHADES).round() / SHADES
    framed = images.new_full((units, side + 2, side + 2), float("nan"))
    framed[:, 1:-1, 1:-1] = images.view(units, side, side)
    rows = framed.view(units // COLUMNS, COLUMNS, side + 2, side + 2)
    return rows.transpose(1, 2).reshape(-1, COLUMNS * (side + 2))


def _by_seed(history: pd.DataFrame, column: str) -> pd.DataFrame:
    """One column of the history: one row per epoch, one column per seed."""
    return history.pivot(index="epoch", columns="seed", values=column)


def _draw(axes: Axes, values: pd.DataFrame, color: str, name: str, form: str) -> None:
    """A thin line per seed; median and range while all seeds train; the mean of the ends."""
    axes.plot(values, color=color, linewidth=0.6, alpha=0.5)
    common = values.dropna()
    low, high = common.min(axis="columns"), common.max(axis="columns")
    axes.fill_between(common.index, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(common.median(axis="columns"), color=color)
    end = float(values.ffill().iloc[-1].mean())
    label_line(axes, float(values.index[-1]), end, f"{name}\n{end:{form}}", color, dy=8)
    axes.margins(x=0.02)


def _mark_stops(axes: Axes, history: pd.DataFrame, label: str = "stops ") -> None:
    """A tick on the epoch axis where each seed's training stopped."""
    stops = history.groupby("seed")["epoch"].max()
    _mark(axes, stops, GREEN)
    axes.text(stops.min(), 0.03, label, color=GREEN, ha="right", transform=_foot(axes))


def _mark(axes: Axes, epochs: pd.Series[int], color: str) -> None:
    """Ticks on the epoch axis."""
    places = [0.025] * len(epochs)
    axes.plot(epochs, places, "|", color=color, markersize=9, transform=_foot(axes))


def _foot(axes: Axes) -> Transform:
    """Epochs across; up, shares of the height."""
    return axes.get_xaxis_transform()
