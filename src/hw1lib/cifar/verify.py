"""Trains the recorded runs again and compares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.experiment import train
from hw1lib.cifar.results import Results, load_results
from hw1lib.errors import InputError
from hw1lib.homework import Homework

# How far figures may be from the recorded ones on another machine. Rounding differs between
# machines, and its traces grow: in the first epochs they can hardly be seen, then the spikes of the
# training loss come at other epochs, and at the end, where the loss is flat, the means over the
# seeds agree again.
EARLY = 10  # epochs
ALLOWED = 0.01  # for each figure of an early epoch: nats or share
FINAL = {"epoch": 20, "train_loss": 0.01, "test_loss": 0.6, "test_accuracy": 0.02}  # means


@dataclass(frozen=True)
class Verification:
    """Result of comparing a new training with the recorded one.

    Attributes:
        compared: what was compared, in words.
        identical: whether all of it is the same, bit for bit.
        differences: what differs more than it may, one sentence each.
    """

    compared: str
    identical: bool
    differences: list[str]

    def as_text(self) -> str:
        """The same in words."""
        if self.differences:
            return "\n".join([f"Compared {self.compared}. These differ:", *self.differences])
        same = "all identical, bit for bit"
        close = "not identical, but within the tolerances"
        return f"Compared {self.compared}: {same if self.identical else close}."


def verify(
    data: Cifar10,
    results_dir: Path,
    epochs: int | None = None,
    homework: Homework | None = None,
) -> Verification:
    """Trains every recorded seed again, for some epochs or to its end, and compares.

    The results must have been made from these images with the numbers of `homework`.

    Raises:
        InputError: the results can't be used or come from other images, or training failed.
    """
    homework = homework or Homework()
    recorded = load_results(results_dir, homework)
    if data.digest() != recorded.summary["data"]["digest"]:
        raise InputError(
            f"These images are not those of {results_dir}, which come from "
            f"{recorded.summary['data']['source']}: name a folder with the same images by "
            "--data-dir."
        )
    capped = replace(homework, max_epochs=min(epochs or homework.max_epochs, homework.max_epochs))
    seeds = [run["seed"] for run in recorded.summary["runs"]]
    with TemporaryDirectory() as folder:
        train(capped, seeds, data, Path(folder))
        return compare(load_results(Path(folder), capped), recorded)


def compare(ours: Results, recorded: Results) -> Verification:
    """Compares new results with the recorded ones.

    With the recorded processor, threads and version of torch, every figure must be the same bit
    for bit; with others, it must be within the tolerances. Ours may be cut off after some epochs.
    """
    ends = ours.summary["runs"]
    count = len(ours.history) + len(ours.held_out)
    compared = f"{count} epochs of {len(ends)} seeds"
    whole = len(ours.history) >= len(recorded.history) or all(run["flattened"] for run in ends)
    differences = unequal_epochs(ours, recorded, allowed=0.0)
    if whole:
        compared += (
            f", their final weights and {recorded.predictions.predicted.numel()} predictions"
        )
        differences += _unequal_nets(ours, recorded)
    identical = not differences
    if not identical and not _same_machine(ours, recorded):
        differences = unequal_epochs(ours, recorded, ALLOWED, EARLY)
        differences += unequal_ends(ours.history, recorded.history) if whole else []
    return Verification(compared, identical, differences)


def unequal_epochs(
    ours: Results, recorded: Results, allowed: float, last: int | None = None
) -> list[str]:
    """The first epoch in which each kind of figure differs by more than `allowed` nats or share.

    Epochs after the `last` don't count.
    """
    tables = (("", ours.history, recorded.history), ("held-out ", ours.held_out, recorded.held_out))
    return [
        text for kind, mine, other in tables for text in _unequal(kind, mine, other, allowed, last)
    ]


def _unequal(
    kind: str, ours: pd.DataFrame, recorded: pd.DataFrame, allowed: float, last: int | None
) -> Iterator[str]:
    pairs = ours.merge(recorded, on=["seed", "epoch"], suffixes=("", "_recorded"))
    if last is not None:
        pairs = pairs[pairs["epoch"] <= last]
    for figure in ours.columns.drop(["seed", "epoch", "seconds"]):
        values, wanted = pairs[figure], pairs[f"{figure}_recorded"]
        for i in pairs.index[(values - wanted).abs() > allowed][:1]:
            yield (
                f"{figure} of {kind}seed {pairs.loc[i, 'seed']}, epoch {pairs.loc[i, 'epoch']}: "
                f"{values[i]:.10g}, recorded {wanted[i]:.10g}; allowed difference {allowed:g}"
            )


def unequal_ends(ours: pd.DataFrame, recorded: pd.DataFrame) -> list[str]:
    """The means over the seeds' last epochs that differ by more than the tolerance."""
    values, wanted = (table.groupby("seed").last().mean() for table in (ours, recorded))
    return [
        f"final {figure}, mean over the seeds: {values[figure]:.6g}, recorded "
        f"{wanted[figure]:.6g}; allowed difference {allowed:g}"
        for figure, allowed in FINAL.items()
        if abs(values[figure] - wanted[figure]) > allowed
    ]


def _unequal_nets(ours: Results, recorded: Results) -> list[str]:
    """The seeds whose weights are not the recorded ones, and the predictions that are not."""
    pairs = zip(ours.summary["runs"], recorded.summary["runs"], strict=True)
    differences = [
        f"seed {mine['seed']}: the final weights are not the recorded ones"
        for mine, other in pairs
        if mine["weights"] != other["weights"]
    ]
    mine, theirs = ours.predictions, recorded.predictions
    other = (mine.predicted != theirs.predicted) | (mine.confidence != theirs.confidence)
    if other.any():
        differences.append(f"{int(other.sum())} predictions are not the recorded ones")
    return differences


def _same_machine(ours: Results, recorded: Results) -> bool:
    """Whether both come from such a processor, as many threads and this torch."""
    here, there = ours.summary, recorded.summary
    same_torch = here["versions"]["torch"] == there["versions"]["torch"]
    return same_torch and all(here[key] == there[key] for key in ("processor", "device", "threads"))
