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

STRANGE = '-it\'s "my" bôok $HOME; 作业'
BARE: dict[str, str | None] = {"HOME": None, "LC_ALL": "C", "LANG": None, "PYTHONUTF8": None}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def windows(folder: Path) -> None:
    """Every text file as an editor of Windows leaves it: a byte order mark and CRLF."""
    for path in [*folder.glob("*.qmd"), *folder.glob("*.yml"), *folder.glob("*.toml")]:
        text = path.read_bytes().replace(b"\n", b"\r\n")
        path.write_bytes(b"\xef\xbb\xbf" + text)
    bibliography = folder / "references.bib"
    bibliography.write_bytes(bibliography.read_bytes().replace(b"\n", b"\r\n"))


def tracked(root: Path, target: Path) -> Path:
    """A copy of the checkout's sources."""
    generated = shutil.ignore_patterns(".*", "_book*", "submission", "data", "__pycache__")
    shutil.copytree(root, target, ignore=generated)
    return target


def test_the_same_book_in_a_strange_place(
    write_book: Callable[..., Path], hw1: Run, tmp_path: Path
) -> None:
    """All at once: strange paths, under a symbolic link, no HOME, C, no PATH, CRLF."""
    plain = write_book(tmp_path / "plain")
    done = hw1(plain, "render", "--engine", "pandoc")
    assert done.returncode == 0, done.stderr
    strange = write_book(tmp_path / STRANGE / STRANGE)
    windows(strange)
    (tmp_path / "link").symlink_to(strange.parent)
    bare = {**BARE, "PATH": str(tmp_path / "nothing")}
    folder = tmp_path / "link" / STRANGE
    done = hw1(folder, "render", "--engine", "pandoc", f"--output-dir={STRANGE}", **bare)
    assert done.returncode == 0, done.stderr
    built = folder / STRANGE
    for name in ("index", "q1_one", "q2_two", "q3_three"):
        pages = [(place / f"{name}.html").read_bytes() for place in (plain / "_book", built)]
        assert pages[0] == pages[1], name
    texts = [
        [page.extract_text() for page in pypdf.PdfReader(place / "small.pdf").pages]
        for place in (plain / "_book", built)
    ]
    assert texts[0] == texts[1]
    notebooks = [
        [path.read_bytes() for path in sorted((place / "notebooks").iterdir())]
        for place in (plain / "_book", built)
    ]
    assert notebooks[0] == notebooks[1]


def test_a_network_file_of_windows_in_a_strange_place(root: Path, hw1: Run, tmp_path: Path) -> None:
    wanted = hw1(root, "gradients", "network.toml", "--json")
    (tmp_path / STRANGE).mkdir()
    path = tmp_path / STRANGE / "-network.toml"
    text = (root / "network.toml").read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text)
    bare = {**BARE, "PATH": ""}
    done = hw1(path.parent, "gradients", "--json", "--", "-network.toml", **bare)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(wanted.stdout)
    path.write_bytes(text.replace(b"relu ", "rélu".encode()))
    done = hw1(path.parent, "gradients", str(path), **bare)
    assert done.returncode == 2
    assert "activation is" in done.stderr
    assert done.stderr.count("\n") == 1


def test_make_in_a_strange_place(root: Path, tmp_path: Path) -> None:
    """The real book and what is handed in, with the environment that is here."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    folder = tracked(root, tmp_path / STRANGE)
    (folder / ".venv").symlink_to(sys.prefix)
    bare = {k: v for k, v in {**os.environ, **BARE, "QUARTO_PATH": "none"}.items() if v is not None}
    bare["PYTHONPATH"] = str(folder / "src")
    name = "-Ádá \"x\" 'y' $HOME #read(1)"
    command = ["make", "-o", ".venv/.installed"]
    for arguments in (["book"], ["submission", "EXAMPLE=1", f"NAME={name.replace('$', '$$')}"]):
        done = subprocess.run(
            [*command, *arguments], cwd=folder, env=bare, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    text = " ".join(
        page.extract_text() for page in pypdf.PdfReader(folder / "submission/theory.pdf").pages
    )
    assert name in text.replace("\u00a0", " ")
    assert "1.7014" in text
    assert "1.7014" in (folder / "_book" / "q1_backprop.html").read_text(encoding="utf-8")
    done = subprocess.run([*command, "book"], cwd=folder, env=bare, capture_output=True, text=True)
    assert "Nothing to be done" in done.stdout or "is up to date" in done.stdout
