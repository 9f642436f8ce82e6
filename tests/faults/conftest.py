"""Books to damage, the real command, and small disks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

import smallbook

MAIN = "import sys; from hw1lib.cli import main; sys.exit(main())"
TWO_CHAPTERS = """\
project: {type: book}
book:
  title: "Two chapters"
  output-file: small
  chapters: [index.qmd, q1_one.qmd]
qmdbook: {notebooks: [q1_one.qmd]}
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


class WriteBook(Protocol):
    """Writes the small book, with other texts for some chapters."""

    def __call__(self, folder: Path, **chapters: str) -> Path: ...


@pytest.fixture(scope="session")
def write_book() -> WriteBook:
    """The small book, with a network file, by which the command finds it."""

    def write(folder: Path, **chapters: str) -> Path:
        smallbook.write_book(folder, **chapters)
        (folder / "network.toml").write_text("x = [1]\n")
        return folder

    return write


@pytest.fixture(scope="session")
def write_two(write_book: WriteBook) -> Callable[[Path, str], Path]:
    """A book of two chapters, the second of which has one code cell."""

    def write(folder: Path, code: str) -> Path:
        text = f"# One {{#sec-one}}\n\nText.\n\n```{{python}}\n{code}\n```\n"
        write_book(folder, index="# Preface {.unnumbered}\n\nSee @sec-one.\n", q1_one=text)
        (folder / "_quarto.yml").write_text(TWO_CHAPTERS)
        return folder

    return write


def environment(changes: dict[str, str | None]) -> dict[str, str]:
    """This process' environment with `changes`; None takes a variable away."""
    wanted = {**os.environ, **changes}
    return {name: value for name, value in wanted.items() if value is not None}


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `hw1` in a folder and a process group of its own."""
    running: list[subprocess.Popen[str]] = []

    def begin(folder: Path, *arguments: str, **changes: str | None) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", MAIN, *arguments]
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(changes),
            text=True,
            start_new_session=True,
            **pipes,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def hw1(start: Start) -> Run:
    """Runs `hw1` in a folder to its end."""

    def run(
        folder: Path, *arguments: str, **changes: str | None
    ) -> subprocess.CompletedProcess[str]:
        process = start(folder, *arguments, **changes)
        out, err = process.communicate(timeout=240)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts something for the time of a test, where the machine allows."""
    mounted: list[Path] = []

    def add(name: str, *options: str) -> Path:
        place = tmp_path / name
        place.mkdir()
        command = ["mount", *options, str(place)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f"mount can't be run here: {error}")
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield add
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def small_disk(mount: Callable[..., Path]) -> Path:
    """A file system of 4 MiB."""
    return mount("small", "-t", "tmpfs", "-o", "size=4m", "tmpfs")


@pytest.fixture
def read_only_disk(mount: Callable[..., Path]) -> Path:
    """A file system that can't be written to."""
    return mount("sealed", "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs")
