"""500 damaged results: each is recognised and named, or is what the run wrote."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.results import FILES, SUMMARY, load_results, save_results
from hw1lib.cifar.sgd import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework

ALL = (*FILES, SUMMARY)
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
    name = dice.choice([name for name in ALL if name != "config.json"])
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


def edit_the_summary(dice: random.Random, folder: Path, other: Path) -> str:
    """Another accuracy, or another shape of the whole, written as well-formed JSON."""
    summary = json.loads((folder / SUMMARY).read_text())
    if dice.random() < 0.5:
        summary["runs"][0]["test_accuracy"] = dice.random()
    else:
        summary.pop(dice.choice(sorted(summary)))
    (folder / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n")
    return SUMMARY


FAULTS: list[Fault] = [
    flip_a_bit, flip_a_bit, flip_a_bit, cut, remove, empty, swap_with_another_run, grow,
    put_a_folder, edit_the_summary,
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


def test_500_damaged_results_are_recognised(tiny: Cifar10, tmp_path: Path) -> None:
    ours, other = (write_results(tmp_path / str(seed), tiny, seed) for seed in (0, 1))
    folder = tmp_path / "damaged"
    for case in range(500):
        dice = random.Random(case)
        shutil.copytree(ours, folder)
        name = FAULTS[case % len(FAULTS)](dice, folder, other)
        with pytest.raises(InputError) as caught:
            load_results(folder, SMALL)
        message = str(caught.value)
        assert "run `hw1 train`" in message, case
        # A summary that was swapped vouches for the other run's files, so one of ours is named.
        assert name in message or name == SUMMARY, case
        shutil.rmtree(folder)
    load_results(ours, SMALL)


def test_every_byte_of_the_summary_counts(tiny: Cifar10, tmp_path: Path) -> None:
    folder = write_results(tmp_path / "results", tiny, 0)
    whole = (folder / SUMMARY).read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        (folder / SUMMARY).write_bytes(damaged)
        with pytest.raises(InputError, match=r"summary\.json is damaged"):
            load_results(folder, SMALL)
