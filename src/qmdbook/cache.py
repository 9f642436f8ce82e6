"""Outputs of chapters from the last time, kept as long as nothing changes that they depend on."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from qmdbook.memory import digest, keep
from qmdbook.project import Project


def read_cache(project: Project, state: str, name: str, notebook: NotebookNode) -> bool:
    """Whether `notebook` gets all outputs: those kept for its code and `state`, or has no code."""
    if len(notebook.cells) == 1:  # this package's setup
        return True
    try:
        record = json.loads(_path(project, name).read_text(encoding="utf-8"))
        for cell, outputs in zip(notebook.cells, record["outputs"], strict=True):
            cell.outputs = nbformat.from_dict(outputs)
        return bool(record["digest"] == _digest_of(state, notebook))
    except Exception:  # whatever is wrong with a cache, the chapter is run
        return False


def write_cache(project: Project, state: str, name: str, notebook: NotebookNode) -> None:
    """Keeps a chapter's outputs in place of older ones; a read-only folder has no cache."""
    outputs = [cell.outputs for cell in notebook.cells]
    record = {"digest": _digest_of(state, notebook), "outputs": outputs}
    keep(_path(project, name), json.dumps(record).encode())


def _path(project: Project, name: str) -> Path:
    return project.folder / ".cache" / "executed" / f"{name}.json"


def _digest_of(state: str, notebook: NotebookNode) -> str:
    cells = [(cell.source, cell.outputs) for cell in notebook.cells]
    return digest(json.dumps([state, cells], sort_keys=True).encode())
