"""What the homework asks to hand in: theory.pdf (questions 1 and 2) and coding.ipynb (question 3).

`execute` runs the cells of coding.qmd once, in full, and keeps the notebook in results/.
`submission` adds name and course to that notebook, and sets the theory from the book's chapters.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import yaml
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from hw1lib.backprop.network import load_network
from hw1lib.cifar.data import root_of
from hw1lib.errors import InputError
from hw1lib.files import write_text
from hw1lib.project import default_data_dir
from qmdbook.book import prepare
from qmdbook.errors import BookError
from qmdbook.kernels import kernel
from qmdbook.pdf import build_pdf
from qmdbook.project import CELL_TIMEOUT, load_project
from qmdbook.staging import staging

HERE = Path(__file__).resolve().parent
SOURCE, TEMPLATE = HERE / "coding.qmd", HERE / "theory.typ"
PDF, NOTEBOOK = "theory.pdf", "coding.ipynb"
SUMS = "coding.sha256"  # vouches for the notebook and its source, as `sha256sum` writes it
THEORY = ("q1_backprop", "q2_adam")
COURSE = "Deep Learning, Spring 2022"
MARKER = ".hw1-submission"
AGAIN = "run `make coding` to run the notebook again."
CELL = re.compile(r"^```\{python\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
# torchvision can't be imported beside a CPU build of torch without this; see that function.
CURE = "__import__('hw1lib.cifar.data', fromlist=['*']).import_torchvision()"
CURED = (
    "*This notebook was run with a CPU build of PyTorch, beside which torchvision can't be "
    "imported as it is: the operators that it lacks were declared before the first cell.*"
)
INTERRUPTED = 128 + 2  # as shells have it for SIGINT


def execute_coding(data_dir: Path, results_dir: Path) -> Path:
    """Runs coding.qmd in full, some minutes on one core, and keeps the notebook with its outputs.

    Args:
        data_dir: torchvision's CIFAR-10 files; they are downloaded unless they are there.
        results_dir: where the notebook and the record of it go.

    Returns:
        The notebook's path.

    Raises:
        InputError: a cell failed, or the folder can't be written to.
    """
    source = SOURCE.read_text(encoding="utf-8")
    notebook = to_notebook(source)
    startup = "" if can_import_torchvision() else CURE
    if startup:
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(CURED, id="cured"))
    run_notebook(notebook, data_dir, startup)
    text = nbformat.writes(notebook) + "\n"
    write_text(results_dir / NOTEBOOK, text)
    write_text(results_dir / SUMS, f"{_sum(NOTEBOOK, text)}\n{_sum(SOURCE.name, source)}\n")
    return results_dir / NOTEBOOK


def can_import_torchvision() -> bool:
    """Whether torchvision fits the torch that is installed, so that a plain kernel imports it."""
    command = [sys.executable, "-c", "import torchvision"]
    return subprocess.run(command, capture_output=True).returncode == 0


def load_coding(results_dir: Path) -> NotebookNode:
    """The executed notebook, if it is whole and was made from coding.qmd as it is now.

    Raises:
        InputError: it is missing, damaged or stale.
    """
    path, texts = results_dir / NOTEBOOK, []
    for each in (path, results_dir / SUMS):
        try:
            texts.append(each.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            problem = "can't be read" if each.exists() else "is missing"
            raise InputError(f"{each} {problem}: {AGAIN}") from error
    text, sums = texts[0], texts[1].splitlines()
    if _sum(NOTEBOOK, text) not in sums:
        raise InputError(f"{path} is not what its run wrote: {AGAIN}")
    if _sum(SOURCE.name, SOURCE.read_text(encoding="utf-8")) not in sums:
        raise InputError(f"{path} is stale: {SOURCE.name} has changed since; {AGAIN}")
    notebook: NotebookNode = nbformat.reads(text, as_version=4)
    return notebook


def _sum(name: str, text: str) -> str:
    """A line of `SUMS`; it doesn't depend on the system's line ends."""
    return f"{hashlib.sha256(text.encode()).hexdigest()}  {name}"


def to_notebook(source: str) -> NotebookNode:
    """A literate program in Markdown as a notebook that has not run yet.

    `#| fig-alt: …` at the start of a cell becomes the cell's metadata.
    """
    cells = []
    for number, part in enumerate(CELL.split(source)):  # text and code in turn
        if number % 2 == 0:
            cells.append(nbformat.v4.new_markdown_cell(part.strip()))
            continue
        lines = part.rstrip().splitlines()
        options = [line[3:] for line in lines if line.startswith("#| ")]
        code = "\n".join(lines[len(options) :])
        metadata = yaml.safe_load("\n".join(options)) or {}
        cells.append(nbformat.v4.new_code_cell(code, metadata=metadata))
    cells = [cell for cell in cells if cell.source]
    for number, cell in enumerate(cells):
        cell.id = f"coding-{number}"
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    return notebook


def run_notebook(notebook: NotebookNode, data_dir: Path, startup: str) -> NotebookNode:
    """Runs all cells in a new kernel, and shows what they print as it comes.

    Args:
        notebook: changed in place.
        data_dir: what HW1_DATA is for the cells.
        startup: a line of Python that the kernel runs first; empty for none.

    Raises:
        InputError: a cell failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        client = _Client(notebook, startup, Path(scratch))
        with client.setup_kernel(env=os.environ | {"HW1_DATA": str(root_of(data_dir.absolute()))}):
            for number, cell in enumerate(notebook.cells):
                _run_cell(client, cell, number)
    return notebook


def _run_cell(client: NotebookClient, cell: NotebookNode, number: int) -> None:
    """Runs a cell; the alt text of its figure goes where viewers look for it."""
    alt = cell.metadata.pop("fig-alt", None)
    try:
        client.execute_cell(cell, number)
    except CellExecutionError as error:
        if error.ename == "KeyboardInterrupt":
            raise KeyboardInterrupt from error
        reason = f"{error.ename}: {' '.join(error.evalue.split()):.500}"
        raise InputError(f"{SOURCE.name}: a cell failed: {reason}") from error
    except DeadKernelError as error:
        raise InputError(f"{SOURCE.name}: a cell killed its kernel.") from error
    for output in cell.get("outputs", []):
        if alt and "image/png" in output.get("data", {}):
            output.metadata["image/png"] = {"alt": alt}


class _Client(NotebookClient):
    """Runs a kernel of this very Python, and shows on the terminal what its cells print."""

    def __init__(self, notebook: NotebookNode, startup: str, scratch: Path) -> None:
        resources = {"metadata": {"path": str(scratch)}}
        super().__init__(
            notebook,
            timeout=None,
            resources=resources,
            record_timing=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
        )
        self.startup, self.scratch = startup, scratch

    def create_kernel_manager(self) -> AsyncKernelManager:
        options = [
            "--log-level=CRITICAL",
            f"--ipython-dir={self.scratch}",  # the kernel leaves nothing in HOME
        ]
        if self.startup:
            options.append(f"--IPKernelApp.exec_lines={self.startup}")
        self.km = kernel(self.scratch / "kernel.json", *options)
        return self.km

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        if msg["msg_type"] == "stream":
            print(msg["content"]["text"], end="", file=sys.stderr, flush=True)
        return super().process_message(msg, cell, cell_index)


def submission(
    folder: Path,
    results_dir: Path,
    output_dir: Path,
    name: str = "",
    course: str = "",
    example: bool = False,
    cell_timeout: int = CELL_TIMEOUT,
) -> tuple[Path, Path]:
    """Writes theory.pdf and coding.ipynb into `output_dir`.

    Args:
        folder: the book's.
        results_dir: where the executed notebook is.
        output_dir: replaced as a whole at the end.
        name: the student's, put on every page.
        course: put above the title; the homework's own if empty.
        example: whether the book's example network may be handed in.
        cell_timeout: number of seconds that one cell of the book may take.

    Raises:
        InputError: names what in the book, or about a folder, has to be changed.
    """
    if load_network(folder / "network.toml").example and not example:
        raise InputError(
            "network.toml holds the book's example network: put your figure's numbers there "
            "without `example = true`, or hand in the example with `make submission EXAMPLE=1`."
        )
    coding = with_heading(load_coding(results_dir), course or COURSE, name)
    with staging(output_dir, MARKER) as stage:
        write_theory(folder, stage, course or COURSE, name, cell_timeout)
        nbformat.write(coding, stage / NOTEBOOK)
    return output_dir / PDF, output_dir / NOTEBOOK


def with_heading(notebook: NotebookNode, course: str, name: str) -> NotebookNode:
    """The notebook below a first cell with course and name, which stay plain text."""
    heading = " · ".join(_as_markdown(text) for text in (course, name) if text.strip())
    first = nbformat.v4.new_markdown_cell(heading, id="heading")
    whole: NotebookNode = nbformat.from_dict({**notebook, "cells": [first, *notebook.cells]})
    return whole


def _as_markdown(text: str) -> str:
    """Text on one line without meaning to Markdown, HTML and TeX."""

    def escaped(match: re.Match[str]) -> str:
        # MathJax looks for $ and \\( in the page, but doesn't find them across elements.
        return rf"<span>\{match[0]}</span>" if match[0] in "$\\" else rf"\{match[0]}"

    return re.sub(r"[!#-&(-+\-.:<->@\[-`{-~]", escaped, " ".join(text.split()))


def write_theory(
    folder: Path, stage: Path, course: str, name: str, cell_timeout: int = CELL_TIMEOUT
) -> Path:
    """Sets the chapters of questions 1 and 2 as `stage`/theory.pdf; see `submission`.

    They are built without the other chapters, and so can't refer to them.
    """
    project = load_project(folder, strict=True)
    theory = tuple(path for path in project.chapters if path.stem in THEORY)
    subtitle = "Theory: questions 1 and 2"
    project = replace(project, chapters=theory, subtitle=subtitle, author=name, description="")
    book = prepare(project, stage, cell_timeout, left_out="extra")
    build_pdf(book, PDF, TEMPLATE, course=course)
    shutil.rmtree(stage / "figures", ignore_errors=True)
    return stage / PDF


def contents_of_theory(path: Path) -> str:
    """What theory.pdf holds, in words."""
    pages = len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))
    network = load_network(HERE.parent / "network.toml")
    sizes = "-".join(map(str, network.sizes))
    return f"questions 1 and 2 on {pages} pages, for the {sizes} network of network.toml"


def contents_of_coding(path: Path) -> str:
    """What coding.ipynb holds, in words."""
    notebook = nbformat.read(path, as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    return f"question 3, {cells} cells of code with their outputs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; bad input gives one sentence and exit code 2, Ctrl-C gives 130."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (InputError, BookError) as error:
        print(f"hand_in.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hand_in.py: interrupted; what was there before is as it was.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="hand_in.py", description=__doc__.splitlines()[0])
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    execute = commands.add_parser("execute", help="run coding.qmd in full")
    execute.add_argument("--data-dir", type=Path, default=default_data_dir())
    execute.set_defaults(run=_execute)
    submit = commands.add_parser("submission", help="write theory.pdf and coding.ipynb")
    submit.add_argument("--name", default="", help="your name, put on both")
    submit.add_argument("--course", default="", help=f"put on both (default: {COURSE})")
    submit.add_argument("--example", action="store_true", help="hand in the book's example network")
    submit.add_argument("--output-dir", type=Path, default=Path("submission"))
    submit.set_defaults(run=_submission)
    for command in (execute, submit):
        command.add_argument("--results-dir", type=Path, default=HERE.parent / "results")
    return top


def _execute(options: argparse.Namespace) -> None:
    print(f"Running {SOURCE.name} in full; this takes minutes", flush=True)
    print(execute_coding(options.data_dir, options.results_dir))


def _submission(options: argparse.Namespace) -> None:
    paths = submission(
        HERE.parent,
        options.results_dir,
        options.output_dir.absolute(),
        options.name,
        options.course,
        options.example,
    )
    for path, contents in zip(paths, (contents_of_theory, contents_of_coding), strict=True):
        print(f"{path}: {contents(path)}")


if __name__ == "__main__":
    sys.exit(main())
