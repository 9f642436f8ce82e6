"""Question 3 as one notebook that runs anywhere: the package's code in its cells, no import of it.

The text is a chapter like the others, `templates/coding.qmd`. Its hidden cells read the results of
the full run and play them back in the place of data and training, and are left out in the end.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from nbformat import NotebookNode

from hw1lib.cifar.results import load_results
from qmdbook.check import check_book
from qmdbook.execute import CELL_TIMEOUT, execute_chapters
from qmdbook.notebook import build_notebook
from qmdbook.pandoc import all_labels, number_chapters
from qmdbook.project import Project
from qmdbook.qmd import Cell, Chapter, parse_chapter
from qmdbook.standalone import stand_alone
from qmdbook.weave import SPECIAL, weave

TEXT = Path(__file__).parent / "templates" / "coding.qmd"
RECORDED = re.compile(r"RECORDED_([A-Z]+)")
OTHER_QUESTIONS = "adam_"  # how the homework's numbers that question 3 has no use for begin


def coding_notebook(
    project: Project, stage: Path, course: str, name: str, cell_timeout: int = CELL_TIMEOUT
) -> NotebookNode:
    """The notebook with the outputs of the full run.

    Args:
        project: the book, whose `results/` hold the full run.
        stage: where figures go.
        course: put under the title, and so is
        name: of the student, which may be empty.
        cell_timeout: seconds that one cell may take.

    Raises:
        InputError: the results can't be used, or a cell fails.
    """
    record = load_results(project.folder / "results").summary
    facts = {"SEEDS": [run["seed"] for run in record["runs"]], "THREADS": record["threads"]}
    chapter = _filled(parse_chapter(TEXT), facts)
    executed = execute_chapters(project.folder, [chapter], cell_timeout)[chapter.name]
    documents = number_chapters({chapter.name: weave(chapter, executed, stage / "figures")}, stage)
    check_book(project, [chapter], documents, stage)
    hidden = {number for number, part in enumerate(chapter.parts) if _is_hidden(part)}
    executed.cells = [c for c in executed.cells if c.metadata["hw1"].get("part") not in hidden]
    labels = all_labels(documents)
    under = " · ".join(SPECIAL.sub(r"\\\1", text) for text in (course, name) if text)
    opening = f"# {project.title}: question 3\n\n{under}"
    return build_notebook(project, chapter, documents[0], executed, labels, stage, opening)


def _filled(chapter: Chapter, facts: dict[str, object]) -> Chapter:
    """The chapter with definitions in its cells, and facts of the run in the place of names."""
    shown = [part for part in chapter.parts if isinstance(part, Cell) and not _is_hidden(part)]
    sources = stand_alone([cell.source for cell in shown], OTHER_QUESTIONS)
    sources = [RECORDED.sub(lambda m: repr(facts[m[1]]), text) for text in sources]
    cells = {id(c): replace(c, source=s) for c, s in zip(shown, sources, strict=True)}
    return replace(chapter, parts=tuple(cells.get(id(part), part) for part in chapter.parts))


def _is_hidden(part: object) -> bool:
    return isinstance(part, Cell) and not part.options.get("include", True)
