"""Outputs of chapters from the last time, kept as long as nothing changes that they depend on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from importlib.metadata import distributions
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from qmdbook.project import Project

KEY = 32  # hexadecimal digits of a digest in a cache's name


def state_of(project: Project) -> str:
    """Digest of all that the outputs depend on besides a chapter's own code.

    That is the content of the project's `inputs`, Python, and the installed packages.
    """
    paths = {path for pattern in project.inputs for path in project.folder.glob(pattern)}
    files = [
        (path.relative_to(project.folder).as_posix(), _digest(path.read_bytes()))
        for path in sorted(paths)
        if path.is_file()
    ]
    packages = sorted(f"{package.name} {package.version}" for package in distributions())
    return _digest(json.dumps([files, sys.version, packages]).encode())


def cache_path(folder: Path, name: str, notebook: NotebookNode, state: str) -> Path:
    """Where a chapter's outputs are kept for just this code and this `state_of` the rest."""
    code = json.dumps([(cell.metadata["qmdbook"]["kind"], cell.source) for cell in notebook.cells])
    key = _digest((state + code).encode())
    return folder / ".cache" / "executed" / f"{name}-{key[:KEY]}.ipynb"


def read_cache(path: Path, wanted: NotebookNode) -> NotebookNode | None:
    """The notebook `wanted` with the outputs of the one at `path`.

    None if that one has other code or isn't as it was written.
    """
    try:
        cached = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        if cached.metadata["qmdbook"]["digest"] != _digest_of_outputs(cached):
            return None
        for cell, run in zip(wanted.cells, cached.cells, strict=True):
            if cell.source != run.source:
                return None
            cell.outputs = run.outputs
    except Exception:  # whatever is wrong with a cache, the chapter is run
        return None
    return wanted


def write_cache(path: Path, name: str, notebook: NotebookNode) -> None:
    """Keeps a chapter's outputs in place of older ones; a read-only folder has no cache."""
    notebook.metadata["qmdbook"] = {"digest": _digest_of_outputs(notebook)}
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(nbformat.writes(notebook), encoding="utf-8")
        part.replace(path)
        for old in path.parent.glob(f"{name}-{'[0-9a-f]' * KEY}.ipynb"):
            if old != path:
                old.unlink(missing_ok=True)


def _digest_of_outputs(notebook: NotebookNode) -> str:
    outputs = [cell.outputs for cell in notebook.cells]
    return _digest(json.dumps(outputs, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
