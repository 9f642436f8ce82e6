"""Trains again what the committed results say, and compares."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from hw1lib.cifar.data import load_cifar10
from hw1lib.cifar.experiment import Job, Setting, load_run, run_all
from hw1lib.cifar.results import history_table, load_results
from hw1lib.homework import Homework

# How far figures may be from the committed ones. Rounding differs between machines, and its traces
# grow: in the first epochs they can hardly be seen, then the spikes of the training loss come at
# other epochs, and at the end, where the loss is flat, the means over the seeds agree again.
EARLY = 10  # epochs
SAME_PIXELS = {"loss": 0.01, "accuracy": 0.01}  # in each early epoch: nats, share
OTHER_PIXELS = {"loss": 0.1, "accuracy": 0.03}
FINAL = {"epoch": 20, "train_loss": 0.01, "test_loss": 0.6, "test_accuracy": 0.02}  # means


@dataclass(frozen=True)
class Verification:
    """What came of a comparison.

    Attributes:
        epochs: compared, of all seeds together.
        identical: whether every figure is the committed one, bit by bit.
        differences: those beyond the tolerances, a sentence each.
    """

    epochs: int
    identical: bool
    differences: list[str]

    def as_text(self) -> str:
        """The same in words."""
        if self.identical:
            return f"{self.epochs} epochs compared: all figures are identical."
        if not self.differences:
            return f"{self.epochs} epochs compared: not identical, but within the tolerances."
        return "\n".join(
            [f"{self.epochs} epochs compared. Beyond the tolerances:", *self.differences]
        )


def verify(
    data_dir: Path, results_dir: Path, epochs: int | None = None, device: str = "cpu"
) -> Verification:
    """Trains every committed seed again, for so many epochs or to its end, and compares.

    Raises:
        InputError: the data or the results can't be used, or training was interrupted.
    """
    homework = Homework()
    results = load_results(results_dir, homework)
    digest = load_cifar10(data_dir).digest()
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(
            replace(homework, max_epochs=min(epochs or homework.max_epochs, homework.max_epochs)),
            data_dir,
            digest,
            Path(scratch),
            device,
            results.summary["threads"],
        )
        jobs = [Job(setting, run["seed"], held_out=False) for run in results.summary["runs"]]
        run_all(jobs)
        ours = history_table({job.seed: load_run(job) for job in jobs})
    same_pixels = digest == results.summary["data"]["digest"]
    return compare(ours, results.history, SAME_PIXELS if same_pixels else OTHER_PIXELS)


def compare(
    ours: pd.DataFrame, committed: pd.DataFrame, tolerances: dict[str, float]
) -> Verification:
    """Compares two histories: early epochs one by one, and the ends where ours goes that far.

    Args:
        ours: history of this experiment.
        committed: that of the committed one.
        tolerances: largest difference of a loss (nats) and an accuracy in each early epoch.
    """
    keys = ["seed", "epoch"]
    columns = [c for c in committed.columns if c not in (*keys, "seconds")]
    pairs = ours.merge(committed, on=keys, suffixes=("", "_committed"))
    identical = all(pairs[c].equals(pairs[f"{c}_committed"]) for c in columns)
    differences = [
        difference
        for column in columns
        for difference in _early(pairs, column, tolerances[column.split("_")[1]])
    ]
    if not identical and ours["epoch"].max() >= committed.groupby("seed")["epoch"].max().min():
        differences += _ends(ours, committed)
    return Verification(len(pairs), identical, differences)


def _early(pairs: pd.DataFrame, column: str, allowed: float) -> list[str]:
    """The early epochs in which a figure is too far from the committed one."""
    gaps = (pairs[column] - pairs[f"{column}_committed"]).abs()
    return [
        f"seed {pair['seed']:.0f}, epoch {pair['epoch']:.0f}: {column} is {pair[column]:.6g}, "
        f"committed {pair[f'{column}_committed']:.6g}, allowed is a difference of {allowed:g}"
        for _, pair in pairs[(gaps > allowed) & (pairs["epoch"] <= EARLY)].iterrows()
    ]


def _ends(ours: pd.DataFrame, committed: pd.DataFrame) -> list[str]:
    """The final figures whose means over the seeds are too far from the committed ones."""
    means = [history.groupby("seed").last().mean() for history in (ours, committed)]
    return [
        f"final {column}, mean over the seeds: {means[0][column]:.6g}, committed "
        f"{means[1][column]:.6g}, allowed is a difference of {allowed:g}"
        for column, allowed in FINAL.items()
        if abs(means[0][column] - means[1][column]) > allowed
    ]
