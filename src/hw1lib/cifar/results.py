"""The small files in `results/` that training leaves and the book is made from."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.fingerprint import bytes_digest, tensors_digest
from hw1lib.cifar.model import build_net, count_parameters
from hw1lib.cifar.predictions import Predictions, predict
from hw1lib.cifar.provenance import (
    describe_data,
    describe_machine,
    training_code_digest,
    training_config,
)
from hw1lib.cifar.sgd import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from hw1lib.project import project_root

CONFIG, HISTORY, HELD_OUT = "config.json", "history.csv", "held_out.csv"
WEIGHTS, PREDICTIONS, SUMMARY = "weights.safetensors", "predictions.safetensors", "summary.json"
FILES = (CONFIG, HISTORY, HELD_OUT, WEIGHTS, PREDICTIONS)
MAX_SUMMARY = 2**16
CURE = "run `hw1 train` to make the results anew, or restore them from version control."


@dataclass(frozen=True)
class Results:
    """A finished experiment.

    Attributes:
        config: the homework's numbers that it was made with.
        history: `seed` and the columns of `hw1lib.cifar.sgd.Run.history`, a row an epoch.
        held_out: the same of the runs with images held out.
        summary: the final figures, and what they come from.
        weights: of the first seed's net by name, `0.weight` of shape (256, 1024) first.
        predictions: of the nets of all seeds for the test images.
    """

    config: dict[str, Any]
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
        """The last epoch of each seed, a row a seed."""
        return self.history.groupby("seed").last()

    def at_lowest(self, column: str) -> pd.DataFrame:
        """The epoch of each seed after which a column of the history was lowest."""
        return _lowest_rows(self.history, column)

    @property
    def early_stopped(self) -> pd.DataFrame:
        """The epoch with the lowest validation loss of each run with images held out."""
        return _lowest_rows(self.held_out, "validation_loss")


def save_results(
    folder: Path, runs: Mapping[tuple[bool, int], Run], data: Cifar10, threads: int
) -> None:
    """Writes the files of a finished experiment; whatever fails before, old ones stay whole.

    Args:
        folder: where to.
        runs: by whether images are held out, and seed.
        data: the images, for the predictions.
        threads: of each run, for the record.

    Raises:
        InputError: the folder can't be written to.
    """
    contents = _contents(runs, data, threads)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as name:
            for file, content in contents.items():
                (Path(name) / file).write_bytes(content)
            for file in contents:  # the summary, which vouches for the others, comes last
                (Path(name) / file).replace(folder / file)
    except OSError as error:
        raise InputError(
            f"{folder} can't be written ({error.strerror or error}): free some space there, or "
            "name another folder with --results-dir."
        ) from error


def load_results(folder: Path | None = None, homework: Homework | None = None) -> Results:
    """The results in `folder` (the book's `results/` if None), if they are whole and up to date.

    They are described in @sec-record.

    Args:
        folder: that `hw1 train` wrote.
        homework: what they must have been made with.

    Raises:
        InputError: they are missing, damaged, of another config or of other training code.
    """
    folder = folder or project_root() / "results"
    summary = _read_summary(folder / SUMMARY)
    contents = {file: _read(folder / file, summary["files"].get(file)) for file in FILES}
    config = json.loads(contents[CONFIG])
    _refuse_stale(folder, config, summary, homework or Homework())
    history, held_out = (pd.read_csv(io.BytesIO(contents[file])) for file in (HISTORY, HELD_OUT))
    try:
        weights, answers = load(contents[WEIGHTS]), load(contents[PREDICTIONS])
    except SafetensorError as error:
        raise InputError(f"{folder} is damaged ({error}): {CURE}") from error
    return Results(config, history, held_out, summary, weights, Predictions(**answers))


def _contents(
    runs: Mapping[tuple[bool, int], Run], data: Cifar10, threads: int
) -> dict[str, bytes]:
    """All files by name, the summary last."""
    plain = {seed: run for (held_out, seed), run in runs.items() if not held_out}
    extra = {seed: run for (held_out, seed), run in runs.items() if held_out}
    nets = [run.net for run in plain.values()]
    first = {k: v.cpu().contiguous() for k, v in nets[0].state_dict().items()}
    device = next(nets[0].parameters()).device
    contents = {
        CONFIG: _json(training_config(next(iter(plain.values())).homework)),
        HISTORY: _csv(history_table(plain)),
        HELD_OUT: _csv(history_table(extra)),
        WEIGHTS: save(first),
        PREDICTIONS: save(vars(predict(nets, standardise(data, device)[1]))),
    }
    summary = {
        "runs": [_final(seed, run) for seed, run in plain.items()],
        "parameters": count_parameters(nets[0]),
        "data": describe_data(data),
        **describe_machine(device, threads),
        "seconds": round(sum(row["seconds"] for run in runs.values() for row in run.history), 1),
        "code": training_code_digest(),
        "files": {
            file: {"bytes": len(content), "sha256": bytes_digest(content)}
            for file, content in contents.items()
        },
    }
    contents[SUMMARY] = _json({**summary, "digest": bytes_digest(_json(summary))})
    return contents


def _final(seed: int, run: Run) -> dict[str, Any]:
    """How a run ended."""
    last = {key: value for key, value in run.history[-1].items() if key != "seconds"}
    settled = {"seed": seed, "flattened": run.settled}
    return {
        **settled,
        **last,
        "epoch": int(last["epoch"]),
        "weights": tensors_digest(run.net.state_dict()),
    }


def history_table(runs: Mapping[int, Run]) -> pd.DataFrame:
    """The histories of several seeds, one below the other."""
    tables = [pd.DataFrame(run.history).assign(seed=seed) for seed, run in runs.items()]
    table = pd.concat(tables, ignore_index=True).astype({"epoch": int})
    columns = ["seed", *(column for column in table.columns if column != "seed")]
    return table[columns]


def _lowest_rows(history: pd.DataFrame, column: str) -> pd.DataFrame:
    return history.loc[history.groupby("seed")[column].idxmin()].set_index("seed")


def _read_summary(path: Path) -> dict[str, Any]:
    """The summary, if it is just as it was written."""
    content = _read(path, None)
    try:
        summary = json.loads(content)
        digest = summary.pop("digest")
        whole = digest == bytes_digest(_json(summary)) and content == _json(
            {**summary, "digest": digest}
        )
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        whole = False
    if not whole:
        raise InputError(f"{path} is damaged: {CURE}")
    return dict(summary)


def _read(path: Path, entry: dict[str, Any] | None) -> bytes:
    """A file's bytes, if they are those of its entry in the summary."""
    try:
        size = path.stat().st_size
        if size > (entry["bytes"] if entry else MAX_SUMMARY):
            raise InputError(f"{path} is not what the run wrote: {CURE}")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: {CURE}") from error
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}): {CURE}") from error
    if entry and bytes_digest(content) != entry["sha256"]:
        raise InputError(f"{path} is not what the run wrote: {CURE}")
    return content


def _refuse_stale(
    folder: Path, config: dict[str, Any], summary: dict[str, Any], homework: Homework
) -> None:
    """Raises unless the results come from this config and this training code."""
    wanted = training_config(homework)
    for key in sorted(wanted.keys() | config.keys()):
        if wanted.get(key) != config.get(key):
            raise InputError(
                f"{folder / CONFIG} is stale: its {key} is {config.get(key)}, the homework's is "
                f"{wanted.get(key)}; run `hw1 train`."
            )
    if summary.get("code") != training_code_digest():
        raise InputError(
            f"{folder} is stale: it was made by other training code than this; run `hw1 train`."
        )


def _csv(table: pd.DataFrame) -> bytes:
    return bytes(table.to_csv(index=False, lineterminator="\n"), "utf-8")


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
