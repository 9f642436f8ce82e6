"""Measures how long the builder takes, in units of `import torch`.

    python benchmarks/build.py

Four builds of a copy of the book take turns with `import torch` in a process of its own: from
nothing, after no change, after one of a word of chapter 1, and after one of a number of
network.toml. Each figure is a median. Ratios hold on slow and busy machines too.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
NOT_COPIED = (".*", "_book*", "data", "node_modules", "submission", "tests", "trial")
UNIT = "import torch"
Times: TypeAlias = list[tuple[float, float]]  # seconds of wall and of processor time


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="How long the builder takes.")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "book"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
        print(report(measure(folder, options.repeats)))


def measure(folder: Path, repeats: int) -> dict[str, Times]:
    """The times of each task; the tasks take turns."""
    python = [sys.executable, "-c", UNIT]
    render = [sys.executable, "-m", "hw1lib", "render", "--engine", "pandoc"]
    changes: dict[str, Callable[[int], None]] = {
        "cold": lambda _: forget(folder),
        "nothing changed": lambda _: None,
        "one word changed": lambda n: change(folder / "q1_backprop.qmd", "shows the ", f"word{n}"),
        "network.toml changed": lambda n: change(folder / "network.toml", r"\nx = \[", f"{n + 2}"),
    }
    times: dict[str, Times] = {name: [] for name in (UNIT, *changes)}
    for number in tqdm(range(repeats), "Measuring", disable=None):
        times[UNIT].append(seconds(python, folder))
        for name, make in changes.items():
            make(number)
            times[name].append(seconds(render, folder))
    return times


def forget(folder: Path) -> None:
    """Removes all that an earlier build has left."""
    for name in ("_book", ".cache"):
        shutil.rmtree(folder / name, ignore_errors=True)


def change(path: Path, before: str, word: str) -> None:
    """Puts another word behind the first place that fits the pattern `before`."""
    text = re.sub(rf"({before})\w+", rf"\g<1>{word}", path.read_text(encoding="utf-8"), count=1)
    path.write_text(text, encoding="utf-8")


def seconds(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and processor time of a command, with the processes that it starts."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, os.times()
    user = after.children_user - before.children_user
    return wall, user + after.children_system - before.children_system


def report(times: dict[str, Times]) -> str:
    """Medians and their ratios to that of `import torch`, one task a line."""
    unit = statistics.median(wall for wall, _ in times[UNIT])
    lines = [f"{'':22}{'wall':>8}{'processor':>12}{'ratio':>8}"]
    for name, both in times.items():
        wall, processor = (statistics.median(column) for column in zip(*both, strict=True))
        lines.append(f"{name:22}{wall:6.2f} s{processor:10.2f} s{wall / unit:8.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
