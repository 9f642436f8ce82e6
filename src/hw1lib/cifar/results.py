"""The small files in `results/` that training leaves and the book is made from.

`manifest.json` lists size and SHA-256 of every other file, so that a file which was changed,
swapped or lost is refused by name.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import json
import platform
import re
import tempfile
from collections.abc import Mapping
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

from hw1lib.cifar import model, sgd, stopping
from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.model import build_net, count_parameters
from hw1lib.cifar.predictions import Predictions, predict
from hw1lib.cifar.run import Run, hold_out, standardise
from hw1lib.errors import InputError
from hw1lib.files import replacing
from hw1lib.homework import Homework
from hw1lib.project import project_root

SUMMARY, HISTORY, HELD_OUT = "summary.json", "history.csv", "held_out.csv"
WEIGHTS, PREDICTIONS, MANIFEST = "weights.safetensors", "predictions.safetensors", "manifest.json"
FILES = (SUMMARY, HISTORY, HELD_OUT, WEIGHTS, PREDICTIONS)
LARGEST_UNLISTED = 2**20  # bytes; a larger file is not read
TRAINING_CODE: tuple[Any, ...] = (model, stopping, sgd, Run, standardise, hold_out)
LIBRARIES = ("torch", "torchvision", "hw1lib")
CURE = "run `hw1 train` to make the results again, or restore them from version control."


@dataclass(frozen=True)
class Entry:
    """What the manifest says of a file.

    Attributes:
        size: number of bytes.
        sha256: digest of its content.
        source: digest of the source that the file was made from, if it is not training's own.
    """

    size: int
    sha256: str
    source: str | None = None

    @classmethod
    def of(cls, content: bytes, source: str | None = None) -> Entry:
        """The entry of a file with that content."""
        return cls(len(content), bytes_digest(content), source)


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

    Args:
        folder: folder to write to.
        runs: finished runs by whether images are held out, and seed.
        data: images, for the predictions.
        threads: number of torch threads per run, for the record.

    Raises:
        InputError: the folder can't be written to.
    """
    contents = _contents(runs, data, threads)
    contents[MANIFEST] = _manifest({name: Entry.of(text) for name, text in contents.items()})
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as name:
            for file, content in contents.items():
                (Path(name) / file).write_bytes(content)
            for file in contents:  # the manifest, which vouches for the others, comes last
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
        folder: folder that `hw1 train` wrote.
        homework: numbers that they must have been made with.

    Raises:
        InputError: they are missing, damaged, or made with another config or training code.
    """
    folder = folder or project_root() / "results"
    entries = _read_manifest(folder)
    contents = {name: _read(folder / name, entry) for name, entry in entries.items()}
    try:
        summary = json.loads(contents[SUMMARY])
        _refuse_stale(folder, summary, homework or Homework())
        history, held_out = (_read_csv(contents[name]) for name in (HISTORY, HELD_OUT))
        weights, answers = load(contents[WEIGHTS]), load(contents[PREDICTIONS])
        return Results(history, held_out, summary, weights, Predictions(**answers))
    except (ValueError, TypeError, KeyError, AttributeError, SafetensorError) as error:
        raise InputError(f"{folder} was written by another version of hw1lib: {CURE}") from error


def add_to_manifest(folder: Path, name: str, source: str) -> None:
    """Lists one more file of `folder`, which stays listed until the next training.

    Args:
        folder: folder with results.
        name: name of a file in it, such as the executed notebook.
        source: `bytes_digest` of the source that the file was made from.

    Raises:
        InputError: the results or the file can't be read, or the manifest can't be written.
    """
    content = _read(folder / name, None)
    entries = _read_manifest(folder) | {name: Entry.of(content, source)}
    with replacing(folder / MANIFEST) as temporary:
        temporary.write_bytes(_manifest(entries))


def read_listed(folder: Path, name: str, source: str, cure: str = CURE) -> bytes:
    """The content of a file that `add_to_manifest` listed, if its source is still the same.

    Args:
        folder: folder with results.
        name: name of the file.
        source: `bytes_digest` of its source as it is now.
        cure: what messages advise.

    Raises:
        InputError: the file is missing, damaged, not listed, or made from another source.
    """
    entry = _read_manifest(folder).get(name)
    if entry is None:
        raise InputError(f"{folder / name} does not belong to these results: {cure}")
    if entry.source != source:
        raise InputError(f"{folder / name} is stale: it was made from another source; {cure}")
    return _read(folder / name, entry, cure)


def bytes_digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def weights_digest(net: torch.nn.Module) -> str:
    """SHA-256 of the net's tensors as a safetensors file holds them."""
    return bytes_digest(_weights(net))


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
    return bytes_digest("\n".join(_meaning(ast.parse(source)) for source in sources).encode())


def describe_machine(device: str, threads: int) -> dict[str, Any]:
    """Processor, device, number of threads and versions: what the last bits of a loss depend on."""
    return {
        "processor": processor(),
        "device": torch.cuda.get_device_name(device) if device == "cuda" else "CPU",
        "threads": threads,
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


def history_table(runs: Mapping[int, Run]) -> pd.DataFrame:
    """The histories of several seeds, one below the other."""
    tables = [pd.DataFrame(run.history).assign(seed=seed) for seed, run in runs.items()]
    table = pd.concat(tables, ignore_index=True).astype({"epoch": int})
    return table[["seed", *table.columns.drop("seed")]]


def _contents(
    runs: Mapping[tuple[bool, int], Run], data: Cifar10, threads: int
) -> dict[str, bytes]:
    """All files by name but the manifest."""
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
    return {
        SUMMARY: _json(summary),
        HISTORY: _csv(history_table(plain)),
        HELD_OUT: _csv(history_table(extra)),
        WEIGHTS: _weights(first.net),
        PREDICTIONS: save(vars(predict(nets, standardise(data, device)[1]))),
    }


def _final(seed: int, run: Run) -> dict[str, Any]:
    """How a run ended."""
    last = {key: value for key, value in run.history[-1].items() if key != "seconds"}
    ended = {"seed": seed, "flattened": run.settled, **last, "epoch": len(run.history)}
    return {**ended, "weights": weights_digest(run.net)}


def _seconds(runs: Mapping[int, Run]) -> float:
    """Wall time of all epochs of some runs together."""
    return round(sum(row["seconds"] for run in runs.values() for row in run.history), 1)


def _weights(net: torch.nn.Module) -> bytes:
    return save({name: value.cpu().contiguous() for name, value in net.state_dict().items()})


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


def _read_manifest(folder: Path) -> dict[str, Entry]:
    """The entries of all files by name."""
    content = _read(folder / MANIFEST, None)
    try:
        entries = {name: Entry(**entry) for name, entry in json.loads(content).items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        entries = {}
    if not entries.keys() >= set(FILES):
        raise InputError(f"{folder / MANIFEST} is damaged: {CURE}")
    return entries


def _read(path: Path, entry: Entry | None, cure: str = CURE) -> bytes:
    """A file's bytes, if they are those that its entry in the manifest vouches for."""
    try:
        size = path.stat().st_size
        if size != entry.size if entry else size > LARGEST_UNLISTED:
            raise InputError(f"{path} is not what training wrote: {cure}")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: {cure}") from error
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}): {cure}") from error
    if entry and bytes_digest(content) != entry.sha256:
        raise InputError(f"{path} is not what training wrote: {cure}")
    return content


def _manifest(entries: Mapping[str, Entry]) -> bytes:
    given = ((name, asdict(entry)) for name, entry in entries.items())
    return _json({name: {k: v for k, v in e.items() if v is not None} for name, e in given})


def _read_csv(content: bytes) -> pd.DataFrame:
    """A history to the last bit, which not every version of pandas reads by default."""
    table = pd.read_csv(io.BytesIO(content), dtype=str)
    return table.astype({name: int if name in ("seed", "epoch") else float for name in table})


def _csv(table: pd.DataFrame) -> bytes:
    return bytes(table.to_csv(index=False, lineterminator="\n"), "utf-8")


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


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
