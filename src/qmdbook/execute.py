"""What the code of chapters gives: from the last time, or from a new run."""

from __future__ import annotations

from typing import TypeAlias

import nbformat
from nbformat import NotebookNode

from qmdbook.cache import read_cache, write_cache
from qmdbook.inputs import state_of
from qmdbook.project import CELL_TIMEOUT, Project
from qmdbook.qmd import Chapter, Inline

SETUP = """\
import matplotlib, matplotlib_inline.backend_inline as inline
inline.set_matplotlib_formats("svg", bbox_inches="tight")
matplotlib.rcParams.update({"figure.dpi": 160, "svg.hashsalt": "book"})
"""
CellOutputs: TypeAlias = dict[int, list[NotebookNode]]  # of a chapter's parts, by their numbers


def execute_chapters(
    project: Project, chapters: list[Chapter], timeout: int = CELL_TIMEOUT
) -> dict[str, CellOutputs]:
    """Runs every chapter in a kernel of its own, unless its code and all it reads are unchanged.

    Kernels run in the book's folder; `timeout` is the number of seconds that one cell may take.

    Returns:
        For each chapter's name the outputs of its evaluated cells and inline expressions.

    Raises:
        BookError: a cell failed, ran out of time or killed its kernel; names file and line.
    """
    states = {chapter.name: state_of(project, chapter.path) for chapter in chapters}
    notebooks = {chapter.name: unexecuted(chapter) for chapter in chapters}
    todo = [
        chapter
        for chapter in chapters
        if not read_cache(project, states[chapter.name], chapter.name, notebooks[chapter.name])
    ]
    if todo:
        from qmdbook.kernels import run  # which takes a while to import

        print(f"Running the code of {', '.join(c.path.name for c in todo)}", flush=True)
        longest_first = sorted(todo, key=lambda chapter: -len(chapter.parts))
        run(project.folder, [(c, notebooks[c.name]) for c in longest_first], timeout)
    for chapter in todo:
        write_cache(project, states[chapter.name], chapter.name, notebooks[chapter.name])
    return {
        name: {cell.metadata["qmdbook"]["part"]: cell.outputs for cell in notebook.cells[1:]}
        for name, notebook in notebooks.items()
    }


def all_cached(project: Project, chapters: list[Chapter]) -> bool:
    """Whether `execute_chapters` would run nothing."""
    return all(
        read_cache(project, state_of(project, c.path), c.name, unexecuted(c)) for c in chapters
    )


def unexecuted(chapter: Chapter) -> NotebookNode:
    """The chapter's evaluated code, below this package's own, as a notebook that has not run."""
    cells = [_cell("setup", SETUP, {})]
    for number, part in enumerate(chapter.parts):
        if isinstance(part, Inline) or part.options.get("eval", True):
            cells.append(_cell(f"c{number}", part.source, {"part": number}))
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def _cell(name: str, source: str, metadata: dict[str, int]) -> dict[str, object]:
    """A cell of code; nbformat's own functions would check each on the way."""
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {"qmdbook": metadata},
        "source": source,
        "execution_count": None,
        "outputs": [],
    }
