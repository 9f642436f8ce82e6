"""The small files in `results/` that training leaves and the book is made from."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.manifest import CURE, bytes_digest, read_files, write_files
from hw1lib.cifar.model import build_net, count_parameters
from hw1lib.cifar.predictions import Predictions, predict
from hw1lib.cifar.provenance import describe_machine, training_code_digest, training_config
from hw1lib.cifar.run import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from hw1lib.project import project_root

SUMMARY, HISTORY, HELD_OUT = "summary.json", "history.csv", "held_out.csv"
WEIGHTS, PREDICTIONS = "weights.safetensors", "predictions.safetensors"
FILES = (SUMMARY, HISTORY, HELD_OUT, WEIGHTS, PREDICTIONS)


@dataclass(frozen=True)
class Results:
    """A finished experiment.

    Attributes:
        history: `seed` and the columns of `hw1lib.cifar.run.Run.history`, one row per epoch.
        held_out: the same for the runs with images held out.
        summary: final figures, and what they come from.
        weights: tensors of the first seed's net by name, `0.weight` of shape (256, 1024) first.
        predictions: predictions of all seeds' nets for the test images.
    """

    history: pd.DataFrame
    held_out: pd.DataFrame
    summary: dict[str, Any]
    weights: dict[str, Tensor]
    predictions: Predictions

    def net(self, homework: Homework) -> torch.nn.Sequential:
        """The first seed's trained net."""
        net = build_net(homework.layer_sizes, seed=0)
        net.load_state_dict(self.weights)
        return net

    @property
    def final(self) -> pd.DataFrame:
        """The last epoch of each seed, one row per seed."""
        return self.history.groupby("seed").last()


def save_results(
    folder: Path, runs: Mapping[tuple[bool, int], Run], data: Cifar10, threads: int
) -> None:
    """Writes the files of a finished experiment; until all are written, old ones stay whole.

    The keys of `runs` are whether images are held out, and the seed; `threads` is the number of
    torch threads of each run.

    Raises:
        InputError: the folder can't be written to.
    """
    plain = {seed: run for (held_out, seed), run in runs.items() if not held_out}
    extra = {seed: run for (held_out, seed), run in runs.items() if held_out}
    first = next(iter(plain.values()))
    device = next(first.net.parameters()).device
    nets = [run.net for run in plain.values()]
    summary = {
        "runs": [_final(seed, run) for seed, run in plain.items()],
        "parameters": count_parameters(first.net),
        "config": training_config(first.homework),
        "code": training_code_digest(),
        "data": {
            "source": data.source,
            "train_images": len(data.train),
            "test_images": len(data.test),
            "digest": data.digest(),
        },
        **describe_machine(device.type, threads),
        "seconds": {"homework": _seconds(plain), "extra": _seconds(extra)},
        "date": datetime.now(UTC).date().isoformat(),
    }
    contents = {
        SUMMARY: (json.dumps(summary, indent=2) + "\n").encode(),
        HISTORY: _csv(plain),
        HELD_OUT: _csv(extra),
        WEIGHTS: _weights(first.net),
        PREDICTIONS: save(vars(predict(nets, standardise(data, device)[1]))),
    }
    write_files(folder, contents)


def load_results(folder: Path | None = None, homework: Homework | None = None) -> Results:
    """The results in `folder` (the book's `results/` if None), if they are whole and up to date.

    They are described in @sec-record.

    Raises:
        InputError: they are missing, damaged, or made with other numbers than those of `homework`
            or other training code.
    """
    folder = folder or project_root() / "results"
    contents = read_files(folder)
    try:
        summary = json.loads(contents[SUMMARY])
        _refuse_stale(folder, summary, homework or Homework())
        history, held_out = (_read_csv(contents[name]) for name in (HISTORY, HELD_OUT))
        weights, answers = load(contents[WEIGHTS]), load(contents[PREDICTIONS])
        return Results(history, held_out, summary, weights, Predictions(**answers))
    except (ValueError, TypeError, KeyError, SafetensorError) as error:
        raise InputError(f"{folder} was written by another version of hw1lib: {CURE}") from error


def weights_digest(net: torch.nn.Module) -> str:
    """SHA-256 of the net's tensors as a safetensors file holds them."""
    return bytes_digest(_weights(net))


def history_table(runs: Mapping[int, Run]) -> pd.DataFrame:
    """The histories of several seeds, one below the other."""
    tables = [pd.DataFrame(run.history).assign(seed=seed) for seed, run in runs.items()]
    table = pd.concat(tables, ignore_index=True).astype({"epoch": int})
    return table[["seed", *table.columns.drop("seed")]]


def _final(seed: int, run: Run) -> dict[str, Any]:
    """How a run ended."""
    last = {key: value for key, value in run.history[-1].items() if key != "seconds"}
    ended = {"seed": seed, "flattened": run.settled, **last, "epoch": len(run.history)}
    return {**ended, "weights": weights_digest(run.net)}


def _seconds(runs: Mapping[int, Run]) -> float:
    """Wall time of all epochs of some runs together."""
    return round(sum(row["seconds"] for run in runs.values() for row in run.history), 1)


def _refuse_stale(folder: Path, summary: dict[str, Any], homework: Homework) -> None:
    """Raises unless the results come from this config and this training code."""
    wanted, config = training_config(homework), summary["config"]
    for key in sorted(wanted.keys() | config.keys()):
        if wanted.get(key) != config.get(key):
            raise InputError(
                f"{folder / SUMMARY} is stale: its {key} is {config.get(key)}, the homework's is "
                f"{wanted.get(key)}; run `hw1 train`."
            )
    if summary["code"] != training_code_digest():
        raise InputError(
            f"{folder} is stale: other training code than this made it; run `hw1 train`."
        )


def _weights(net: torch.nn.Module) -> bytes:
    return save({name: value.cpu().contiguous() for name, value in net.state_dict().items()})


def _csv(runs: Mapping[int, Run]) -> bytes:
    return history_table(runs).to_csv(index=False, lineterminator="\n").encode()


def _read_csv(content: bytes) -> pd.DataFrame:
    """A history to the last bit, which not every version of pandas reads by default."""
    table = pd.read_csv(io.BytesIO(content), dtype=str)
    return table.astype({name: int if name in ("seed", "epoch") else float for name in table})
