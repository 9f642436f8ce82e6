"""Damaged results: each damage is recognised, and the file is named."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.results import FILES, SUMMARY, SUMS, load_results
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from trainings import write_results

SMALL = Homework(max_epochs=2, held_out=50, hidden_sizes=(4,))
Fault = Callable[[random.Random, Path, Path], object]


def flip_a_bit(dice: random.Random, file: Path, other: Path) -> None:
    content = bytearray(file.read_bytes())
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    file.write_bytes(content)


def cut(dice: random.Random, file: Path, other: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: dice.randrange(len(content))])


def remove(dice: random.Random, file: Path, other: Path) -> None:
    file.unlink()


def put_a_folder(dice: random.Random, file: Path, other: Path) -> None:
    file.unlink()
    file.mkdir()


def take_that_of_another_run(dice: random.Random, file: Path, other: Path) -> None:
    shutil.copy(other, file)


def write_other_json(dice: random.Random, file: Path, other: Path) -> None:
    """Well-formed, but with another value or another shape."""
    content = json.loads((file.parent / SUMMARY).read_text())
    content[dice.choice(sorted(content))] = dice.choice([None, "x", {}, [], {"size": 1}])
    file.write_text(json.dumps(dice.choice([content, [content], None])))


FAULTS = [flip_a_bit, cut, remove, put_a_folder, take_that_of_another_run, write_other_json]


@pytest.mark.parametrize("cases", [36, pytest.param(1800, marks=pytest.mark.slow)])
def test_damaged_results_are_recognised(tiny: Cifar10, tmp_path: Path, cases: int) -> None:
    """Every fault in every file."""
    whole, other = (tmp_path / str(seed) for seed in (0, 1))
    for seed, folder in enumerate((whole, other)):
        folder.mkdir()
        write_results(folder, tiny, SMALL, [seed])
    names = [*FILES, SUMS]
    for case in range(cases):
        name, fault = names[case % 6], FAULTS[case // 6 % 6]
        folder = shutil.copytree(whole, tmp_path / "damaged")
        fault(random.Random(case), folder / name, other / name)
        with pytest.raises(InputError) as caught:
            load_results(folder, SMALL)
        message = str(caught.value)
        assert "run `hw1 train`" in message, case
        # Sums that were swapped or edited vouch for other files, so one of these is named.
        assert name in message or name == SUMS, case
        shutil.rmtree(folder)
    load_results(whole, SMALL)
