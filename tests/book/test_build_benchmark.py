"""The benchmark of builds changes what it says, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from benchmarks.build import UNIT, change, report

from hw1lib.backprop.network import load_network

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "before", "word"),
    [("q1_backprop.qmd", "shows the ", "word7"), ("network.toml", r"\nx = \[", "7")],
)
def test_one_line_changes(tmp_path: Path, name: str, before: str, word: str) -> None:
    path = Path(shutil.copy(ROOT / name, tmp_path))
    change(path, before, word)
    lines = zip((ROOT / name).read_text().splitlines(), path.read_text().splitlines(), strict=True)
    (new,) = [new for old, new in lines if old != new]
    assert word in new
    if name == "network.toml":
        assert load_network(path).x[0] == 7


def test_the_report_gives_medians_and_their_ratios() -> None:
    text = report({UNIT: [(1.0, 2.0), (4.0, 2.0), (2.0, 2.0)], "cold": [(9.0, 1.0)] * 3})
    assert text.splitlines()[-1].split() == ["cold", "9.00", "s", "1.00", "s", "4.50"]
