"""Trains the recorded runs again and compares."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from hw1lib.cifar.data import Cifar10, Split, load_cifar10
from hw1lib.cifar.experiment import Job, only_run_in, run_all, torch_threads
from hw1lib.cifar.predictions import predict
from hw1lib.cifar.provenance import describe_machine
from hw1lib.cifar.results import Results, history_table, load_results, weights_digest
from hw1lib.cifar.run import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework

FIGURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
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
    data_dir: Path,
    results_dir: Path,
    epochs: int | None = None,
    device: str = "cpu",
    homework: Homework | None = None,
) -> Verification:
    """Trains every recorded seed again, for some epochs or to its end, and compares.

    With the recorded processor, threads and version of torch, every figure must be the same bit
    for bit; with others, it must be within the tolerances. An interrupted comparison resumes. The
    results must have been made with the numbers of `homework`.

    Raises:
        InputError: the data or the results can't be used, or training was interrupted.
    """
    homework = homework or Homework()
    results, data = load_results(results_dir, homework), load_cifar10(data_dir)
    record, digest = results.summary, data.digest()
    if digest != record["data"]["digest"]:
        raise InputError(
            f"The images in {data_dir} are not those of {results_dir}, which come from "
            f"{record['data']['source']}: name a folder with the same images by --data-dir."
        )
    capped = replace(homework, max_epochs=min(epochs or homework.max_epochs, homework.max_epochs))
    scratch, threads = results_dir / ".verify", record["threads"]
    setting = (capped, data_dir, digest, scratch, device, threads)
    jobs = [Job(run["seed"], False, *setting) for run in record["runs"]]
    with only_run_in(scratch), torch_threads(threads):
        run_all(jobs)
        verification = compare({job.seed: job.load() for job in jobs}, results, data, device)
    shutil.rmtree(scratch, ignore_errors=True)
    return verification


def compare(
    runs: Mapping[int, Run], results: Results, data: Cifar10, device: str = "cpu"
) -> Verification:
    """Compares runs with the results: bit for bit on the same machine, else by the tolerances.

    The runs, by seed, are all finished or all cut off after the same number of epochs.
    """
    ours, recorded = history_table(runs), results.history
    whole = len(ours) >= len(recorded) or all(run.settled for run in runs.values())
    compared = f"{len(ours)} epochs of {len(runs)} seeds"
    differences = unequal_epochs(ours, recorded, allowed=0.0)
    if whole:
        compared += f", their final weights and {results.predictions.predicted.numel()} predictions"
        differences += _unequal_nets(runs, results, standardise(data, torch.device(device))[1])
    identical = not differences
    if not identical and not _same_machine(results, device):
        differences = unequal_epochs(ours[ours["epoch"] <= EARLY], recorded, ALLOWED)
        differences += unequal_ends(ours, recorded) if whole else []
    return Verification(compared, identical, differences)


def unequal_epochs(ours: pd.DataFrame, recorded: pd.DataFrame, allowed: float) -> list[str]:
    """The first epoch in which each kind of figure differs by more than `allowed` nats or share."""
    pairs = ours.merge(recorded, on=["seed", "epoch"], suffixes=("", "_recorded"))
    differences = []
    for figure in FIGURES:
        values, wanted = pairs[figure], pairs[f"{figure}_recorded"]
        for i in pairs.index[(values - wanted).abs() > allowed][:1]:
            differences.append(
                f"{figure} of seed {pairs.loc[i, 'seed']}, epoch {pairs.loc[i, 'epoch']}: "
                f"{values[i]:.10g}, recorded {wanted[i]:.10g}; allowed difference {allowed:g}"
            )
    return differences


def unequal_ends(ours: pd.DataFrame, recorded: pd.DataFrame) -> list[str]:
    """The means over the seeds' last epochs that differ by more than the tolerance."""
    values, wanted = (table.groupby("seed").last().mean() for table in (ours, recorded))
    return [
        f"final {figure}, mean over the seeds: {values[figure]:.6g}, recorded "
        f"{wanted[figure]:.6g}; allowed difference {allowed:g}"
        for figure, allowed in FINAL.items()
        if abs(values[figure] - wanted[figure]) > allowed
    ]


def _unequal_nets(runs: Mapping[int, Run], results: Results, test: Split) -> list[str]:
    """The seeds whose weights are not the recorded ones, and the predictions that are not."""
    recorded = {run["seed"]: run["weights"] for run in results.summary["runs"]}
    differences = [
        f"seed {seed}: the final weights are not the recorded ones"
        for seed, run in runs.items()
        if weights_digest(run.net) != recorded[seed]
    ]
    ours, theirs = predict([run.net for run in runs.values()], test), results.predictions
    other = (ours.predicted != theirs.predicted) | (ours.confidence != theirs.confidence)
    if other.any():
        differences.append(f"{int(other.sum())} predictions are not the recorded ones")
    return differences


def _same_machine(results: Results, device: str) -> bool:
    """Whether the results come from such a processor, as many threads and this torch."""
    there = results.summary
    here = describe_machine(device, there["threads"])
    same_torch = here["versions"]["torch"] == there["versions"]["torch"]
    return same_torch and all(here[key] == there[key] for key in ("processor", "device", "threads"))
