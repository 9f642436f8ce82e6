"""The figures of chapter 3: curves over the epochs, predictions, weights of the first layer."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from torch import Tensor

from hw1lib.cifar.predictions import Predictions
from hw1lib.style import BLUE, GRAY, GREEN, INK, ORANGE, book_figure, label_line

WIDTH = 4.8  # inches: on a screen of 360 pixels, letters of 10 points are then 9 pixels high
COLUMNS = 4  # images of weights side by side
SHADES = 6  # of either colour in images of weights, for a small file


def plot_losses(history: pd.DataFrame, window: int) -> Figure:
    """Both losses over the epochs; below, the training loss on a logarithmic scale.

    Ticks mark the stops, dots each seed's lowest test loss, the box the `window` of epochs that
    stopped the first seed (@eq-stopping). The largest rise of the training loss within an epoch is
    named.
    """
    train, test = _by_seed(history, "train_loss"), _by_seed(history, "test_loss")
    with book_figure(WIDTH, 5.2) as (figure, whole):
        whole.remove()
        above, below = figure.subplots(2, 1, sharex=True)
        _draw(above, test, ORANGE, "test", ".2f")
        _draw(above, train, BLUE, "training", ".3f")
        above.plot(test.idxmin(), test.min(), "o", color=ORANGE, markersize=4)
        best, near = float(test.min().max()), float(test.idxmin().min())
        above.text(near, 1.9 * best, "lowest test loss\nof each seed", color=ORANGE)
        above.set_ylim(bottom=0)
        _name_spike(above, train)
        _draw(below, train, BLUE, "training", ".3f")
        below.set_yscale("log")
        below.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
        _box_last_epochs(below, train, window)
        _mark_stops(below, history)
        for axes in (above, below):
            axes.set_ylabel("cross-entropy (nats)")
        below.set_xlabel("epoch")
        figure.align_ylabels()
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
            label_line(axes, shares.max(), place, f"{shares.mean():.0f}", BLUE)
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
    """A thin line per seed; median and range while all seeds train; the median of the ends."""
    axes.plot(values, color=color, linewidth=0.6, alpha=0.5)
    common = values.dropna()
    low, high = common.min(axis="columns"), common.max(axis="columns")
    axes.fill_between(common.index, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(common.median(axis="columns"), color=color)
    end = float(values.ffill().iloc[-1].median())
    label_line(axes, float(values.index[-1]), end, f"{name}\n{end:{form}}", color, dy=8)
    axes.margins(x=0.02)


def _name_spike(axes: Axes, losses: pd.DataFrame) -> None:
    """Names seed and epoch of the largest rise within an epoch."""
    rises = losses.diff()
    seed = rises.max().idxmax()
    epoch = int(rises[seed].argmax()) + 1
    axes.annotate(
        f"seed {seed}, epoch {epoch}",
        (epoch, losses[seed].iloc[epoch - 1]),
        xytext=(-5, 0),
        textcoords="offset points",
        color=BLUE,
        ha="right",
        va="center",
    )


def _box_last_epochs(axes: Axes, losses: pd.DataFrame, window: int) -> None:
    """Shades the epochs that stopped the first seed, from their lowest loss to their highest."""
    seed = losses.columns[0]
    last = losses[seed].dropna().tail(window)
    spread = last.max() - last.min()
    axes.fill_between(last.index, last.min(), last.max(), color=GREEN, alpha=0.35, linewidth=0)
    axes.plot(last, color=GREEN)
    axes.annotate(
        f"the last {len(last)} epochs of seed {seed}\nlie within {spread:.4f} nats",
        (last.index[0], last.min()),
        xytext=(-24, 0),
        textcoords="offset points",
        color=GREEN,
        ha="right",
        va="bottom",
    )


def _mark_stops(axes: Axes, history: pd.DataFrame) -> None:
    """A tick on the epoch axis where each seed's training stopped."""
    stops = history.groupby("seed")["epoch"].max()
    place = axes.get_xaxis_transform()
    axes.plot(stops, [0.025] * len(stops), "|", color=GREEN, markersize=9, transform=place)
    axes.text(stops.min(), 0.03, "stops ", color=GREEN, ha="right", transform=place)
