"""The small files in `results/` that a training run leaves and the book is made from."""

from __future__ import annotations

import io
import json
import platform
import tempfile
from dataclasses import asdict, astuple, dataclass, fields
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from hw1lib.cifar10 import Cifar10
from hw1lib.errors import InputError
from hw1lib.fingerprint import code_digest, file_digest
from hw1lib.homework import Homework
from hw1lib.model import build_net, count_parameters
from hw1lib.project import project_root
from hw1lib.training import Epoch, Run

FILES = ("config.json", "history.csv", "weights.safetensors")
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Results:
    """A finished training run.

    Attributes:
        config: the homework's numbers that the run was made with.
        history: one row an epoch, the columns of `hw1lib.training.Epoch`.
        summary: the final figures, and what they come from.
        weights: the trained weights by name, `0.weight` of shape (256, 1024) first.
    """

    config: dict[str, Any]
    history: pd.DataFrame
    summary: dict[str, Any]
    weights: dict[str, Tensor]

    def net(self, homework: Homework) -> torch.nn.Sequential:
        """The trained net."""
        net = build_net(homework.layer_sizes, seed=0)
        net.load_state_dict(self.weights)
        return net


def training_config(homework: Homework) -> dict[str, Any]:
    """The numbers that training depends on, as JSON holds them."""
    numbers = {k: v for k, v in asdict(homework).items() if not k.startswith("adam_")}
    config: dict[str, Any] = json.loads(json.dumps(numbers))
    return config


def training_code_digest() -> str:
    """The fingerprint of the net and of the training procedure."""
    here = Path(__file__).parent
    return code_digest(here / "model.py", here / "training.py")


def identity(homework: Homework, seed: int, data: Cifar10) -> dict[str, object]:
    """What makes two runs the same run: config, seed, pixels and training code."""
    return {
        "config": training_config(homework),
        "seed": seed,
        "pixels": data.digest(),
        "code": training_code_digest(),
    }


def save_results(folder: Path, run: Run, seed: int, data: Cifar10) -> None:
    """Writes the four files of a finished run; whatever fails, old results stay whole.

    Raises:
        InputError: the folder can't be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as name:
            new = Path(name)
            (new / "config.json").write_text(_json(training_config(run.homework)))
            history = pd.DataFrame([astuple(epoch) for epoch in run.history], columns=_columns())
            history.to_csv(new / "history.csv", index=False, lineterminator="\n")
            save_file(
                {key: value.cpu().contiguous() for key, value in run.net.state_dict().items()},
                new / "weights.safetensors",
            )
            summary = _summary(run, seed, data)
            summary["files"] = {file: file_digest(new / file) for file in FILES}
            (new / SUMMARY).write_text(_json(summary))
            for file in (*FILES, SUMMARY):
                (new / file).replace(folder / file)
    except OSError as error:
        raise InputError(
            f"{folder} can't be written ({error.strerror or error}): free some space there, or "
            "name another folder with --results-dir."
        ) from error


def load_results(folder: Path | None = None, homework: Homework | None = None) -> Results:
    """The results in `folder` (the book's `results/` if None), if they are whole and up to date.

    Raises:
        InputError: they are missing, damaged, of another config or of other training code.
    """
    folder = folder or project_root() / "results"
    summary = _read_summary(folder)
    for file in FILES:
        if not (folder / file).is_file():
            raise InputError(f"{folder / file} is missing: {CURE}")
        if file_digest(folder / file) != summary["files"].get(file):
            raise InputError(f"{folder / file} is not what the run wrote: {CURE}")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _refuse_stale(folder, config, summary, homework or Homework())
    try:
        weights = load_file(folder / "weights.safetensors")
    except SafetensorError as error:
        raise InputError(f"{folder / 'weights.safetensors'} is damaged: {CURE}") from error
    history = pd.read_csv(io.BytesIO((folder / "history.csv").read_bytes()))
    return Results(config, history, summary, weights)


CURE = "run `hw1 train` to make the results anew, or restore them from version control."


def _read_summary(folder: Path) -> dict[str, Any]:
    path = folder / SUMMARY
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: {CURE}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged: {CURE}") from error
    if not isinstance(summary, dict) or not isinstance(summary.get("files"), dict):
        raise InputError(f"{path} is damaged: {CURE}")
    return summary


def _refuse_stale(
    folder: Path, config: dict[str, Any], summary: dict[str, Any], homework: Homework
) -> None:
    """Raises unless the results come from this config and this training code."""
    wanted = training_config(homework)
    for key in sorted(wanted.keys() | config.keys()):
        if wanted.get(key) != config.get(key):
            raise InputError(
                f"{folder / 'config.json'} is stale: its {key} is {config.get(key)}, the "
                f"homework's is {wanted.get(key)}; run `hw1 train`."
            )
    if summary.get("code") != training_code_digest():
        raise InputError(
            f"{folder} is stale: it was made by other training code than this; run `hw1 train`."
        )


def _summary(run: Run, seed: int, data: Cifar10) -> dict[str, Any]:
    final = asdict(run.history[-1])
    seconds = sum(epoch.seconds for epoch in run.history)
    device = next(run.net.parameters()).device
    return {
        "epochs": final.pop("epoch"),
        **{key: value for key, value in final.items() if key != "seconds"},
        "flattened": run.flattened,
        "parameters": count_parameters(run.net),
        "seed": seed,
        "data": {
            "source": data.source,
            "train_images": len(data.train),
            "test_images": len(data.test),
            "digest": data.digest(),
        },
        "device": _device_name(device),
        "threads": torch.get_num_threads(),
        "seconds": round(seconds, 1),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "torchvision", "hw1lib")},
        },
        "code": training_code_digest(),
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _columns() -> list[str]:
    return [field.name for field in fields(Epoch)]


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
