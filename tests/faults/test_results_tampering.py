"""Damaged results: each damage is recognised, and the file is named."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.manifest import MANIFEST
from hw1lib.cifar.results import FILES, load_results, save_results
from hw1lib.cifar.run import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework

SMALL = Homework(max_epochs=2, held_out=50, hidden_sizes=(4,))
CPU = torch.device("cpu")
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
    content = json.loads((file.parent / MANIFEST).read_text())
    content[dice.choice(sorted(content))] = dice.choice([None, "x", {}, [], {"size": 1}])
    file.write_text(json.dumps(dice.choice([content, [content], None])))


FAULTS = [flip_a_bit, cut, remove, put_a_folder, take_that_of_another_run, write_other_json]


def write_results(folder: Path, data: Cifar10, seed: int) -> Path:
    runs = {(held, seed): Run(SMALL, seed, CPU, held) for held in (False, True)}
    for run in runs.values():
        while not run.finished:
            run.next_epoch(*standardise(data, CPU))
    folder.mkdir()
    save_results(folder, runs, data, threads=1)
    return folder


@pytest.fixture
def whole(tiny: Cifar10, tmp_path: Path) -> Path:
    """Results that are as they were written."""
    return write_results(tmp_path / "0", tiny, 0)


@pytest.mark.parametrize("cases", [36, pytest.param(600, marks=pytest.mark.slow)])
def test_damaged_results_are_recognised(
    whole: Path, tiny: Cifar10, tmp_path: Path, cases: int
) -> None:
    """Every fault in every file."""
    other = write_results(tmp_path / "1", tiny, 1)
    names = [*FILES, MANIFEST]
    for case in range(cases):
        name, fault = names[case % 6], FAULTS[case // 6 % 6]
        folder = shutil.copytree(whole, tmp_path / "damaged")
        fault(random.Random(case), folder / name, other / name)
        with pytest.raises(InputError) as caught:
            load_results(folder, SMALL)
        message = str(caught.value)
        assert "run `hw1 train`" in message, case
        # A manifest that was swapped or edited vouches for other files, so one of these is named.
        assert name in message or name == MANIFEST, case
        shutil.rmtree(folder)
    load_results(whole, SMALL)


@pytest.mark.slow
def test_every_byte_of_the_manifest_counts(whole: Path) -> None:
    content = (whole / MANIFEST).read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place % 8)
        (whole / MANIFEST).write_bytes(damaged)
        with pytest.raises(InputError, match="run `hw1 train`"):
            load_results(whole, SMALL)
