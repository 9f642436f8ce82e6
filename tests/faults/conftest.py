"""The real command, and small disks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MAIN = "import sys; from hw1lib.cli import main; sys.exit(main())"
Process = subprocess.Popen[str]


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts `hw1` in a folder and a process group of its own; a variable of None is taken away."""
    running: list[Process] = []

    def begin(folder: Path, *arguments: str, **changes: str | None) -> Process:
        environment = {k: v for k, v in {**os.environ, **changes}.items() if v is not None}
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, *arguments], cwd=folder, env=environment, text=True,
            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def hw1(start: Callable[..., Process]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `hw1` in a folder to its end."""

    def run(*arguments: Path | str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        process = start(*arguments, **changes)
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
        try:
            done = subprocess.run(["mount", *options, place], capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f"mount can't be run here: {error}")
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield add
    for place in mounted:
        subprocess.run(["umount", place], check=True)
