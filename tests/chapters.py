"""Chapters as programs: their cells, run as they stand."""

from __future__ import annotations

from typing import Any

from qmdbook.qmd import Cell, Chapter


def cells_of(chapter: Chapter) -> list[Cell]:
    return [part for part in chapter.parts if isinstance(part, Cell)]


def run_cells(chapter: Chapter) -> dict[str, Any]:
    """All names that the chapter's cells define."""
    names: dict[str, Any] = {}
    for cell in cells_of(chapter):
        exec(cell.source, names)  # noqa: S102
    return names


def check_the_code_is_in_the_text(chapter: Chapter, lines: int, hidden: float = 1 / 3) -> None:
    """At least so many lines are visible, no cell is long or wide, and few are hidden."""
    cells = cells_of(chapter)
    shown = [cell.source.splitlines() for cell in cells if cell.options.get("echo", True)]
    assert sum(bool(line.strip()) for cell in shown for line in cell) >= lines
    assert max(map(len, shown)) <= 12
    assert max(len(line) for cell in shown for line in cell) <= 76  # what a page has room for
    assert len(cells) - len(shown) <= hidden * len(cells)
