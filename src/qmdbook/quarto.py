"""The book by Quarto, where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from qmdbook.errors import BookError
from qmdbook.project import Project

MINIMUM = (1, 10)
NEEDED = f"Quarto {MINIMUM[0]}.{MINIMUM[1]} or newer"
CURE = "install it, set QUARTO_PATH to its program, or use --engine pandoc"
PROGRESS = re.compile(r"^\[\d+/\d+\] .*")
COLOURS = re.compile(r"\x1b\[[\d;]*\w")


class Quarto(NamedTuple):
    """An installed Quarto: its program and version, and what is wrong if it can't be used."""

    program: str = ""
    version: str = ""
    problem: str = ""


def find_quarto() -> Quarto:
    """Quarto as QUARTO_PATH names it, else from PATH, else beside the running Python."""
    named = os.environ.get("QUARTO_PATH")
    beside = str(Path(sys.executable).parent)
    program = named or shutil.which("quarto") or shutil.which("quarto", path=beside)
    if not program:
        return Quarto(problem="no Quarto on the PATH")
    origin = f"{'QUARTO_PATH names' if named else 'found'} {program}, which"
    if Path(program).is_dir():
        return Quarto(problem=f"QUARTO_PATH names a folder, {program}, not a program")
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return Quarto(problem=f"{origin} can't be run")
    version = done.stdout.strip()
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if done.returncode or numbers is None:
        return Quarto(problem=f"{origin} gives no version")
    old = tuple(map(int, numbers.groups())) < MINIMUM
    return Quarto(program, version, f"{origin} is Quarto {version}" if old else "")


def render(quarto: Quarto, project: Project, stage: Path) -> None:
    """Site, PDF and notebooks by `quarto render` into `stage`.

    Cells whose frozen outputs are up to date don't run again: the project's pre-render step has
    removed the others.

    Raises:
        BookError: Quarto failed, or left a reference unresolved.
    """
    command = [quarto.program, "render", str(project.folder), "--output-dir", str(stage)]
    said: list[str] = []
    with subprocess.Popen(
        [*command, "--use-freezer"],
        env={**os.environ, "QUARTO_PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            said.append(COLOURS.sub("", line).strip())
            if PROGRESS.match(said[-1]):
                print(said[-1], flush=True)
    if process.returncode:  # from the first line that names an error, or the last ones
        lines = [line for line in said if line]
        first = next((i for i, line in enumerate(lines) if "error" in line.lower()), -4)
        raise BookError(f"Quarto failed: {' / '.join(lines[first:][:4])}")
    _check(project, stage)


def _check(project: Project, stage: Path) -> None:
    """Raises unless everything is there and all references lead somewhere."""
    pages = [stage / f"{chapter.stem}.html" for chapter in project.chapters]
    notebooks = [stage / "notebooks" / f"{name}.ipynb" for name in project.notebooks]
    for path in [*pages, *notebooks, stage / project.pdf_name]:
        if not path.is_file():
            raise BookError(f"Quarto left no {path.name}.")
    for path in pages:
        unresolved = re.search(r"\?@[\w-]+", path.read_text(encoding="utf-8"))
        if unresolved:
            raise BookError(f"{path.stem}.qmd: {unresolved[0][1:]} leads nowhere.")
