"""Other people's machines: strange paths, no HOME, a C locale, no git, Windows' line ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest

from hw1lib.cli import main
from smallbook import write_book

STRANGE = '-it\'s "my" bôok $HOME; 作业'
BARE: dict[str, str | None] = {"HOME": None, "LC_ALL": "C", "LANG": None, "PYTHONUTF8": None}
Hw1 = Callable[..., "subprocess.CompletedProcess[str]"]


def windows(path: Path) -> None:
    """As an editor of Windows leaves it: a byte order mark and CRLF."""
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))


def content(book: Path) -> list[object]:
    """Pages, text of the PDF, and notebooks."""
    files = sorted([*book.glob("*.html"), *book.glob("notebooks/*")])
    pages = pypdf.PdfReader(book / "small.pdf").pages
    return [*(path.read_bytes() for path in files), *(page.extract_text() for page in pages)]


@pytest.mark.slow
def test_the_same_book_in_a_strange_place(hw1: Hw1, tmp_path: Path) -> None:
    """All at once: strange paths, under a symbolic link, no HOME, C, no PATH, CRLF."""
    for folder in (tmp_path / "plain", tmp_path / STRANGE / STRANGE):
        write_book(folder)
        (folder / "network.toml").touch()
    done = hw1(tmp_path / "plain", "render", "--engine", "pandoc")
    assert done.returncode == 0, done.stderr
    (tmp_path / "link").symlink_to(tmp_path / STRANGE)
    folder = tmp_path / "link" / STRANGE
    for path in [*folder.glob("*.qmd"), folder / "_quarto.yml"]:
        windows(path)
    bare = {**BARE, "PATH": str(tmp_path / "nothing")}
    done = hw1(folder, "render", "--engine", "pandoc", f"--output-dir={STRANGE}", **bare)
    assert done.returncode == 0, done.stderr
    assert content(folder / STRANGE) == content(tmp_path / "plain" / "_book")


def test_a_network_file_of_windows_in_a_strange_place(
    root: Path, hw1: Hw1, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gradients", str(root / "network.toml"), "--json"]) == 0
    (tmp_path / STRANGE).mkdir()
    windows(shutil.copy(root / "network.toml", tmp_path / STRANGE / "-network.toml"))
    command = ("gradients", "--json", "--", "-network.toml")
    done = hw1(tmp_path / STRANGE, *command, **BARE, PATH="")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_in_a_strange_place(root: Path, tmp_path: Path) -> None:
    """The real book and what is handed in, with the environment that is here."""
    generated = shutil.ignore_patterns(
        ".*", "_book*", "submission", "data", "__pycache__", "node_modules"
    )
    folder = shutil.copytree(root, tmp_path / STRANGE, ignore=generated)
    (folder / ".venv").symlink_to(sys.prefix)
    wanted = {**os.environ, **BARE, "QUARTO_PATH": "none", "PYTHONPATH": str(folder / "src")}
    bare = {name: value for name, value in wanted.items() if value is not None}
    name = "-Ádá \"x\" 'y' $HOME #read(1)"

    def make(*arguments: str) -> str:
        command = ["make", "-o", ".venv/.installed", *arguments]
        done = subprocess.run(command, cwd=folder, env=bare, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    make("book")
    make("submission", "EXAMPLE=1", f"NAME={name.replace('$', '$$')}")
    pages = pypdf.PdfReader(folder / "submission/theory.pdf").pages
    text = " ".join(page.extract_text() for page in pages).replace("\u00a0", " ")
    assert name in text
    assert "1.7014" in text
    assert "1.7014" in (folder / "_book" / "q1_backprop.html").read_text(encoding="utf-8")
    assert "hw1 render" not in make("book")  # nothing is left to do
