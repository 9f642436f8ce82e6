"""Trains the recorded runs again and compares."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from hw1lib.cifar.data import Cifar10, load_cifar10
from hw1lib.cifar.experiment import Job, only_run_in, run_all, torch_threads
from hw1lib.cifar.predictions import predict
from hw1lib.cifar.results import (
    Results,
    describe_machine,
    history_table,
    load_results,
    weights_digest,
)
from hw1lib.cifar.run import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework

# How far figures may be from the recorded ones on another machine. Rounding differs between
# machines, and its traces grow: in the first epochs they can hardly be seen, then the spikes of the
# training loss come at other epochs, and at the end, where the loss is flat, the means over the
# seeds agree again.
EARLY = 10  # epochs
ALLOWED = {"loss": 0.01, "accuracy": 0.01}  # in each early epoch: nats, share
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
        if self.identical:
            return f"Compared {self.compared}: all identical, bit for bit."
        if not self.differences:
            return f"Compared {self.compared}: not identical, but within the tolerances."
        return "\n".join([f"Compared {self.compared}. These differ:", *self.differences])


def verify(
    data_dir: Path,
    results_dir: Path,
    epochs: int | None = None,
    device: str = "cpu",
    homework: Homework | None = None,
) -> Verification:
    """Trains every recorded seed again, for some epochs or to its end, and compares.

    With the recorded processor, threads and version of torch, every figure must be the same bit
    for bit; with others, it must be within the tolerances. An interrupted comparison resumes.

    Args:
        data_dir: folder of the images.
        results_dir: folder of the results.
        epochs: largest number of epochs to compare; None compares whole runs.
        device: cpu or cuda.
        homework: numbers that the results must have been made with.

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
        verification = compare({job.seed: job.load() for job in jobs}, results, data)
    shutil.rmtree(scratch, ignore_errors=True)
    return verification


def compare(runs: Mapping[int, Run], results: Results, data: Cifar10) -> Verification:
    """Compares runs with the results: bit for bit on the same machine, else by the tolerances.

    Args:
        runs: runs by seed, either all finished or all cut off after the same number of epochs.
        results: recorded results.
        data: images that both were trained on.
    """
    ours, committed = history_table(runs), results.history
    whole = len(ours) >= len(committed) or all(run.settled for run in runs.values())
    unequal = _unequal_figures(ours, committed, dict.fromkeys(ALLOWED, 0.0))
    compared = f"{len(ours)} epochs of {len(runs)} seeds"
    if whole:
        unequal += _unequal_nets(runs, results, data)
        compared += f", their final weights and {results.predictions.predicted.numel()} predictions"
    device = next(next(iter(runs.values())).net.parameters()).device.type
    if unequal and not _same_machine(results, device):
        return Verification(compared, False, beyond_tolerances(ours, committed, whole))
    return Verification(compared, not unequal, unequal)


def beyond_tolerances(ours: pd.DataFrame, committed: pd.DataFrame, whole: bool) -> list[str]:
    """What differs too much between two histories.

    Args:
        ours: history of the new runs.
        committed: recorded history.
        whole: whether the new runs are finished, so that their ends can be compared.
    """
    early = _unequal_figures(ours[ours["epoch"] <= EARLY], committed, ALLOWED)
    if not whole:
        return early
    means = [history.groupby("seed").last().mean() for history in (ours, committed)]
    return early + [
        f"final {column}, mean over the seeds: {means[0][column]:.6g}, recorded "
        f"{means[1][column]:.6g}; allowed difference {allowed:g}"
        for column, allowed in FINAL.items()
        if abs(means[0][column] - means[1][column]) > allowed
    ]


def _unequal_figures(
    ours: pd.DataFrame, committed: pd.DataFrame, allowed: Mapping[str, float]
) -> list[str]:
    """The first figure of each seed that differs from the recorded one by more than allowed."""
    first: dict[int, str] = {}
    pairs = ours.merge(committed, on=["seed", "epoch"], suffixes=("", "_recorded"))
    for pair in pairs.to_dict("records"):
        for column, value in pair.items():
            recorded, kind = pair.get(f"{column}_recorded"), str(column).split("_")[-1]
            if kind in allowed and abs(value - recorded) > allowed[kind]:
                where = f"seed {pair['seed']}, epoch {pair['epoch']}"
                text = f"{where}: {column} is {value:.10g}, recorded {recorded:.10g}"
                first.setdefault(
                    pair["seed"], f"{text}, allowed is a difference of {allowed[kind]:g}"
                )
    return list(first.values())


def _unequal_nets(runs: Mapping[int, Run], results: Results, data: Cifar10) -> list[str]:
    """The seeds whose weights are not the recorded ones, and the predictions that are not."""
    recorded = {run["seed"]: run["weights"] for run in results.summary["runs"]}
    nets = [run.net for run in runs.values()]
    device = next(nets[0].parameters()).device
    ours, theirs = predict(nets, standardise(data, device)[1]), results.predictions
    same = (ours.predicted == theirs.predicted) & (ours.confidence == theirs.confidence)
    return [
        *(
            f"seed {seed}: the final weights are not the recorded ones"
            for seed, run in runs.items()
            if weights_digest(run.net) != recorded[seed]
        ),
        *([] if same.all() else [f"{int((~same).sum())} predictions are not the recorded ones"]),
    ]


def _same_machine(results: Results, device: str) -> bool:
    """Whether the results come from such a processor, as many threads and this torch."""
    here, there = describe_machine(device, results.summary["threads"]), results.summary
    keys = ("processor", "device", "threads")
    same_torch = here["versions"]["torch"] == there["versions"]["torch"]
    return same_torch and all(here[key] == there.get(key) for key in keys)
