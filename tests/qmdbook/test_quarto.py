from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from qmdbook.errors import BookError
from qmdbook.quarto import find_quarto
from qmdbook.render import render
from smallbook import write_book


def fake(folder: Path, version: str) -> str:
    """A program that only says its version."""
    path = folder / "quarto"
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("version", "found"),
    [("1.9.0", True), ("1.10.18", True), ("2.0.1", True), ("1.8.27", False), ("x", False)],
)
def test_only_new_enough_quarto_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, found: bool
) -> None:
    monkeypatch.setenv("QUARTO_PATH", fake(tmp_path, version))
    assert (find_quarto() is not None) is found


def test_quarto_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, "1.9.3")
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    quarto = find_quarto()
    assert quarto is not None
    assert quarto.name == "Quarto 1.9.3"


def test_asking_for_quarto_where_there_is_none_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTO_PATH", str(tmp_path / "none"))
    with pytest.raises(BookError, match="--engine pandoc"):
        render(write_book(tmp_path), tmp_path / "out", "quarto")


def test_what_quarto_says_of_an_error_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "quarto"
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo 1.10.18 && exit\n'
        'printf "[1/4] index.qmd\\n\\033[91mERROR: no such theme\\033[39m\\n"; exit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("QUARTO_PATH", str(program))
    with pytest.raises(BookError, match=r"Quarto failed: ERROR: no such theme$"):
        render(write_book(tmp_path), tmp_path / "out", "quarto")
    assert not (tmp_path / "out").exists()


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_the_small_book_by_quarto(tmp_path: Path) -> None:
    folder = write_book(tmp_path)
    outputs = render(folder, folder / "_book", "quarto")
    assert outputs.site.is_file()
    assert outputs.pdf.is_file()
    assert len(outputs.notebooks) == 3


@pytest.mark.quarto
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["q1_backprop", "q2_adam", "q3_cifar"])
def test_chapters_that_quarto_converts_to_notebooks_run(
    root: Path, tmp_path: Path, name: str
) -> None:
    quarto = find_quarto()
    assert quarto is not None
    path = tmp_path / f"{name}.ipynb"
    command = [quarto.program, "convert", str(root / f"{name}.qmd"), "--output", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(root)}}
    NotebookClient(notebook, kernel_name="python3", resources=resources).execute()
