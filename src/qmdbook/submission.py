"""What the homework asks to hand in: the theory as one PDF, the code as one notebook."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat

from qmdbook.coding import coding_notebook
from qmdbook.execute import CELL_TIMEOUT
from qmdbook.pandoc import all_labels
from qmdbook.pdf import build_pdf
from qmdbook.project import load_project
from qmdbook.render import prepare
from qmdbook.staging import staging

MARKER = ".hw1-submission"
THEORY = ("q1_backprop", "q2_adam")
COURSE = "Deep Learning, Spring 2022"


def submission(
    folder: Path,
    output_dir: Path,
    name: str | None = None,
    course: str | None = None,
    cell_timeout: int = CELL_TIMEOUT,
) -> tuple[Path, Path]:
    """Builds theory.pdf (Q1 and Q2) and coding.ipynb (Q3, with the full run) into `output_dir`.

    Args:
        folder: where `_quarto.yml` is.
        output_dir: replaced as a whole at the end.
        name: of the student, put on every page.
        course: put above the title, if not the homework's own.
        cell_timeout: seconds that one cell may take.

    Raises:
        InputError: names what in the book, or about the folder, has to be changed.
    """
    project = load_project(folder)
    with staging(output_dir, MARKER) as stage:
        book = prepare(project, stage, cell_timeout)
        theory = [document for document in book.documents if document.name in THEORY]
        labels = all_labels(book.documents)
        variables = {
            "title": project.title,
            "subtitle": "Theory: questions 1 and 2",
            "author": name or "",
            "course": course or COURSE,
            "lang": project.lang,
        }
        build_pdf(project, theory, labels, stage, stage / "theory.pdf", "hand-in", variables)
        coding = coding_notebook(project, stage, course or COURSE, name or "", cell_timeout)
        nbformat.write(coding, stage / "coding.ipynb")
        shutil.rmtree(stage / "figures", ignore_errors=True)
    return output_dir / "theory.pdf", output_dir / "coding.ipynb"
