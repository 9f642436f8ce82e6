"""Outputs of chapters from the last time, kept as long as nothing changes that they depend on."""

from __future__ import annotations

import contextlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from hw1lib.cifar.fingerprint import bytes_digest
from hw1lib.errors import InputError
from hw1lib.files import write_text

DATA = ("network.toml", "results")
LIBRARIES = ("torch", "sympy", "matplotlib", "pandas", "numpy")


def state_of(folder: Path) -> str:
    """Everything besides a chapter's own code that its outputs depend on, as one text."""
    package = Path(__file__).resolve().parents[1]
    sources = [path for path in package.rglob("*.py") if "qmdbook" not in path.parts]
    data = [path for name in DATA for path in [folder / name, *(folder / name).glob("*")]]
    digests = [
        (path.name, bytes_digest(path.read_bytes()))
        for path in sorted(sources) + sorted(data)
        if path.is_file() and not path.name.startswith((".", "checkpoint"))
    ]
    versions = [sys.version, *(version(name) for name in LIBRARIES)]
    return json.dumps([digests, versions])


def cache_path(folder: Path, name: str, notebook: NotebookNode, state: str) -> Path:
    """Where a chapter's outputs are kept for just this code and this `state_of` the rest."""
    code = json.dumps([(cell.metadata["hw1"]["kind"], cell.source) for cell in notebook.cells])
    key = bytes_digest((state + code).encode())
    return folder / ".cache" / "executed" / f"{name}-{key[:32]}.ipynb"


def read_cache(path: Path, wanted: NotebookNode) -> NotebookNode | None:
    """The notebook `wanted` with the outputs of the one at `path`.

    None if that is of other code, or is not as it was written.
    """
    try:
        cached = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        if cached.metadata["hw1"]["digest"] != _digest(cached):
            return None
        for cell, run in zip(wanted.cells, cached.cells, strict=True):
            if cell.source != run.source:
                return None
            cell.outputs = run.outputs
    except Exception:  # whatever is wrong with a cache, the chapter is run
        return None
    return wanted


def write_cache(path: Path, name: str, notebook: NotebookNode) -> None:
    """Keeps a chapter's outputs; a folder that is read-only goes without a cache."""
    notebook.metadata["hw1"] = {"digest": _digest(notebook)}
    with contextlib.suppress(InputError):
        write_text(path, nbformat.writes(notebook))
        _forget_others(path, name)


def _forget_others(cache: Path, name: str) -> None:
    """Removes outputs of earlier versions of the chapter."""
    for path in cache.parent.glob(f"{name}-*.ipynb"):
        if path != cache:
            path.unlink(missing_ok=True)


def _digest(notebook: NotebookNode) -> str:
    """A fingerprint of all outputs."""
    outputs = [cell.outputs for cell in notebook.cells]
    return bytes_digest(json.dumps(outputs, sort_keys=True).encode())
