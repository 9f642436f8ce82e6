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
from hw1lib.cifar.results import FILES, MANIFEST, SUMMARY, load_results, save_results
from hw1lib.cifar.run import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework

ALL = (*FILES, MANIFEST)
SMALL = Homework(max_epochs=2, held_out=50, hidden_sizes=(4,))
Fault = Callable[[random.Random, Path, Path], str]


def flip_a_bit(dice: random.Random, folder: Path, other: Path) -> str:
    name = dice.choice(ALL)
    content = bytearray((folder / name).read_bytes())
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    (folder / name).write_bytes(content)
    return name


def cut(dice: random.Random, folder: Path, other: Path) -> str:
    name = dice.choice(ALL)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: dice.randrange(len(content))])
    return name


def remove(dice: random.Random, folder: Path, other: Path) -> str:
    name = dice.choice(ALL)
    (folder / name).unlink()
    return name


def empty(dice: random.Random, folder: Path, other: Path) -> str:
    name = dice.choice(ALL)
    (folder / name).write_bytes(b"")
    return name


def swap_with_another_run(dice: random.Random, folder: Path, other: Path) -> str:
    name = dice.choice(ALL)
    shutil.copy(other / name, folder / name)
    return name


def grow(dice: random.Random, folder: Path, other: Path) -> str:
    """A sparse file of a terabyte: reading it would take for ever."""
    name = dice.choice(ALL)
    with (folder / name).open("r+b") as file:
        file.truncate(2**40)
    return name


def put_a_folder(dice: random.Random, folder: Path, other: Path) -> str:
    name = dice.choice(ALL)
    (folder / name).unlink()
    (folder / name).mkdir()
    return name


def edit_json(dice: random.Random, folder: Path, other: Path) -> str:
    """Another value, or another shape of the whole, written as well-formed JSON."""
    name = dice.choice([SUMMARY, MANIFEST])
    content = json.loads((folder / name).read_text())
    key = dice.choice(sorted(content))
    content[key] = dice.choice([None, "x", {}, [], {"size": 1}, [content[key]]])
    (folder / name).write_text(json.dumps(content, indent=2) + "\n")
    return name


FAULTS: list[Fault] = [
    flip_a_bit, flip_a_bit, flip_a_bit, cut, remove, empty, swap_with_another_run, grow,
    put_a_folder, edit_json,
]  # fmt: skip


def write_results(folder: Path, data: Cifar10, seed: int) -> Path:
    device = torch.device("cpu")
    runs = {(held, seed): Run(SMALL, seed, device, held) for held in (False, True)}
    for run in runs.values():
        while not run.finished:
            run.next_epoch(*standardise(data, device))
    folder.mkdir()
    save_results(folder, runs, data, threads=1)
    return folder


@pytest.fixture
def whole(tiny: Cifar10, tmp_path: Path) -> Path:
    """Results that are as they were written."""
    return write_results(tmp_path / "0", tiny, 0)


@pytest.mark.parametrize("cases", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_damaged_results_are_recognised(
    whole: Path, tiny: Cifar10, tmp_path: Path, cases: int
) -> None:
    other = write_results(tmp_path / "1", tiny, 1)
    folder = tmp_path / "damaged"
    for case in range(cases):
        dice = random.Random(case)
        shutil.copytree(whole, folder)
        name = FAULTS[case % len(FAULTS)](dice, folder, other)
        with pytest.raises(InputError) as caught:
            load_results(folder, SMALL)
        message = str(caught.value)
        assert "run `hw1 train`" in message, case
        # A manifest that was swapped or edited vouches for other files, so one of these is named.
        assert name in message or name == MANIFEST, case
        shutil.rmtree(folder)
    load_results(whole, SMALL)


def test_every_byte_of_the_manifest_counts(whole: Path) -> None:
    content = (whole / MANIFEST).read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place % 8)
        (whole / MANIFEST).write_bytes(damaged)
        with pytest.raises(InputError, match="run `hw1 train`"):
            load_results(whole, SMALL)
