"""The book by Quarto, where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hw1lib.errors import InputError
from qmdbook.project import Project
from qmdbook.site import built_from

MINIMUM = (1, 9)
NOT_FOUND = (
    "Quarto 1.9 or newer is not found: install it, set QUARTO_PATH to its program, or use "
    "--engine pandoc."
)


@dataclass(frozen=True)
class Quarto:
    """An installed Quarto."""

    program: str
    version: str

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"Quarto {self.version}"


def find_quarto() -> Quarto | None:
    """Quarto 1.9 or newer, from QUARTO_PATH or PATH; None where there is none."""
    program = os.environ.get("QUARTO_PATH") or shutil.which("quarto")
    if not program:
        return None
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    numbers = re.match(r"(\d+)\.(\d+)", done.stdout.strip())
    if numbers is None or tuple(map(int, numbers.groups())) < MINIMUM:
        return None
    return Quarto(program, done.stdout.strip())


def render(quarto: Quarto, project: Project, stage: Path) -> None:
    """Site and PDF by `quarto render` into `stage`.

    Raises:
        InputError: Quarto failed, or left a reference unresolved.
    """
    notebooks = stage.with_name(f"{stage.name}-notebooks")
    (stage / "notebooks").rename(notebooks)  # Quarto empties its output folder
    command = [quarto.program, "render", str(project.folder), "--output-dir", str(stage)]
    environment = {
        **os.environ,
        "QUARTO_PYTHON": sys.executable,
        "BUILT_FROM": built_from(project),
    }
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    finally:
        stage.mkdir(exist_ok=True)
        shutil.rmtree(stage / "notebooks", ignore_errors=True)
        notebooks.rename(stage / "notebooks")
    if done.returncode:
        raise InputError(f"Quarto failed: {_reason(done.stdout + done.stderr)}")
    _check(project, stage)


def _reason(output: str) -> str:
    """The lines of Quarto's output from the first that tells of an error, without colours."""
    plain = re.sub(r"\x1b\[[\d;]*\w", "", output)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if "error" in line.lower()), len(lines) - 4)
    return " / ".join(lines[max(first, 0) :][:4])


def _check(project: Project, stage: Path) -> None:
    """Raises unless everything is there and all references lead somewhere."""
    pages = [stage / f"{chapter.stem}.html" for chapter in project.chapters]
    for path in [*pages, stage / project.pdf_name]:
        if not path.is_file():
            raise InputError(f"Quarto left no {path.name}.")
    for path in pages:
        unresolved = re.search(r"\?@[\w-]+", path.read_text(encoding="utf-8"))
        if unresolved:
            raise InputError(f"{path.stem}.qmd: {unresolved[0][1:]} leads nowhere.")
