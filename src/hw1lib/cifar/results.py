"""The small files in `results/` that training leaves and the book is made from.

`summary.json` says what they depend on: the homework's numbers, the training code, the pixels and
the machine. `SHA256SUMS` vouches for them all, and `sha256sum --check` understands it.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import json
import platform
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from hw1lib.cifar import model, training
from hw1lib.cifar.data import Cifar10, hold_out, standardise
from hw1lib.cifar.model import build_net, count_parameters
from hw1lib.cifar.predictions import Predictions, predict
from hw1lib.cifar.training import Run
from hw1lib.errors import InputError
from hw1lib.files import replacing
from hw1lib.homework import Homework
from hw1lib.project import project_root

SUMMARY, HISTORY, HELD_OUT = "summary.json", "history.csv", "held_out.csv"
WEIGHTS, PREDICTIONS = "weights.safetensors", "predictions.safetensors"
FILES = (SUMMARY, HISTORY, HELD_OUT, WEIGHTS, PREDICTIONS)
SUMS = "SHA256SUMS"
CURE = "run `hw1 train` to make the results again, or restore them from version control."
TRAINING_CODE: tuple[Any, ...] = (model, training, standardise, hold_out)
LIBRARIES = ("torch", "torchvision", "hw1lib")
THREADS = 1  # of torch in each run, which its last bits depend on


@dataclass(frozen=True)
class Results:
    """A finished experiment.

    Attributes:
        history: `seed` and the columns of `hw1lib.cifar.training.Run.history`, one row per epoch.
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
    folder: Path, runs: Sequence[Run], held_out_runs: Sequence[Run], data: Cifar10
) -> None:
    """Writes the files of a finished experiment; until all are written, old ones stay whole.

    Raises:
        InputError: the folder can't be written to.
    """
    summary = {
        "runs": [_final(run) for run in runs],
        "parameters": count_parameters(runs[0].net),
        "config": training_config(runs[0].homework),
        "code": training_code_digest(),
        "data": {
            "source": data.source,
            "train_images": len(data.train),
            "test_images": len(data.test),
            "digest": data.digest(),
        },
        **describe_machine(),
        "seconds": {"homework": _seconds(runs), "extra": _seconds(held_out_runs)},
        "date": datetime.now(UTC).date().isoformat(),
    }
    nets = [run.net for run in runs]
    contents = {
        SUMMARY: (json.dumps(summary, indent=2) + "\n").encode(),
        HISTORY: _csv(runs),
        HELD_OUT: _csv(held_out_runs),
        WEIGHTS: save(nets[0].state_dict()),
        PREDICTIONS: save(vars(predict(nets, standardise(data)[1]))),
    }
    sums = "".join(f"{_sha256(content)}  {name}\n" for name, content in contents.items())
    with ExitStack() as files:  # it replaces in reverse: last comes what vouches for the others
        for name, content in {SUMS: sums.encode(), **contents}.items():
            files.enter_context(replacing(folder / name)).write_bytes(content)


def load_results(folder: Path | None = None, homework: Homework | None = None) -> Results:
    """The results in `folder` (the book's `results/` if None), if they are whole and up to date.

    They are described in @sec-record.

    Raises:
        InputError: they are missing, damaged, or made with other numbers than those of `homework`
            or other training code.
    """
    folder = folder or project_root() / "results"
    sums = _read_file(folder / SUMS).decode("utf-8", "replace")
    contents = {name: _read_file(folder / name) for name in FILES}
    for name, content in contents.items():
        if f"{_sha256(content)}  {name}" not in sums.splitlines():
            raise InputError(f"{folder / name} is not what training wrote: {CURE}")
    try:
        summary = json.loads(contents[SUMMARY])
        _refuse_stale(folder, summary, homework or Homework())
        history, held_out = (_read_csv(contents[name]) for name in (HISTORY, HELD_OUT))
        weights, answers = load(contents[WEIGHTS]), load(contents[PREDICTIONS])
        return Results(history, held_out, summary, weights, Predictions(**answers))
    except (ValueError, TypeError, KeyError, SafetensorError) as error:
        raise InputError(f"{folder} was written by another version of hw1lib: {CURE}") from error


def history_table(runs: Sequence[Run]) -> pd.DataFrame:
    """The histories of several seeds, one below the other."""
    tables = [pd.DataFrame(run.history).assign(seed=run.seed) for run in runs]
    table = pd.concat(tables, ignore_index=True).astype({"epoch": int})
    return table[["seed", *table.columns.drop("seed")]]


def weights_digest(net: torch.nn.Module) -> str:
    """SHA-256 of the net's tensors as a safetensors file holds them."""
    return _sha256(save(net.state_dict()))


def training_config(homework: Homework) -> dict[str, Any]:
    """The numbers that training depends on, as JSON holds them."""
    numbers = {k: v for k, v in asdict(homework).items() if not k.startswith("adam_")}
    config: dict[str, Any] = json.loads(json.dumps(numbers))
    return config


def training_code_digest() -> str:
    """The digest of the net and of the training procedure."""
    return code_digest(*map(inspect.getsource, TRAINING_CODE))


def code_digest(*sources: str) -> str:
    """SHA-256 of what Python code means: comments, docstrings, imports and layout don't count.

    It is the same on every Python version that parses the code to the same syntax tree.
    """
    return _sha256("\n".join(_meaning(ast.parse(source)) for source in sources).encode())


def describe_machine() -> dict[str, Any]:
    """Processor, number of threads and versions: what the last bits of a loss depend on."""
    return {
        "processor": processor(),
        "device": "CPU",
        "threads": THREADS,
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    }


def processor() -> str:
    """Family and model of the processor, and the vector instructions that torch uses on it."""
    instructions = torch.backends.cpu.get_cpu_capability()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        fields = dict(re.findall(r"(?m)^(vendor_id|cpu family|model)\s*: (.*)$", text))
        name = f"{fields['vendor_id']} family {fields['cpu family']} model {fields['model']}"
    except (OSError, KeyError):
        name = platform.processor() or platform.machine()
    return f"{name}, {instructions}"


def _final(run: Run) -> dict[str, Any]:
    """How a run ended."""
    last = {key: value for key, value in run.history[-1].items() if key != "seconds"}
    ended = {"seed": run.seed, "flattened": run.settled, **last, "epoch": len(run.history)}
    return {**ended, "weights": weights_digest(run.net)}


def _seconds(runs: Sequence[Run]) -> float:
    """Wall time of all epochs of some runs together."""
    return round(sum(row["seconds"] for run in runs for row in run.history), 1)


def _refuse_stale(folder: Path, summary: Mapping[str, Any], homework: Homework) -> None:
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


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        problem = f"can't be read ({error.strerror or error})" if path.exists() else "is missing"
        raise InputError(f"{path} {problem}: {CURE}") from error


def _csv(runs: Sequence[Run]) -> bytes:
    return history_table(runs).to_csv(index=False, lineterminator="\n").encode()


def _read_csv(content: bytes) -> pd.DataFrame:
    """A history to the last bit, which not every version of pandas reads by default."""
    table = pd.read_csv(io.BytesIO(content), dtype=str)
    return table.astype({name: int if name in ("seed", "epoch") else float for name in table})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _meaning(node: object) -> str:
    """A syntax tree as text, without docstrings, imports, positions and empty fields."""
    if isinstance(node, list):
        return f"[{','.join(_meaning(item) for item in node if not _is_layout(item))}]"
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
        return f"{type(node).__name__}({','.join(f'{n}={_meaning(v)}' for n, v in fields)})"
    return repr(node)


def _is_layout(node: object) -> bool:
    """Whether a statement is an import or a string that stands alone."""
    return isinstance(node, (ast.Import, ast.ImportFrom)) or (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
