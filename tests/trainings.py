"""Small images of noise, and runs that are trained on them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from hw1lib.cifar.data import Cifar10, Split, standardise
from hw1lib.cifar.results import save_results
from hw1lib.cifar.training import Run
from hw1lib.homework import Homework


def banded(size: int = 200) -> Cifar10:
    """So many training images and 50 test images of noise whose class shows in a brighter band."""
    generator = torch.Generator().manual_seed(1)

    def split(size: int) -> Split:
        labels = torch.arange(size) % 10
        pixels = torch.randint(0, 100, (size, 1024), generator=generator)
        for i, label in enumerate(labels.tolist()):
            pixels[i, 100 * label : 100 * (label + 1)] += 120
        return Split(pixels.to(torch.uint8), labels)

    return Cifar10(split(size), split(50), "noise")


def finish(run: Run, data: Cifar10) -> Run:
    """Trains until the run's own rule stops it."""
    splits = standardise(data)
    while not run.finished:
        run.next_epoch(*splits)
    return run


def write_results(
    folder: Path, data: Cifar10, homework: Homework, seeds: Iterable[int]
) -> list[Run]:
    """Trains, saves what came of it, and returns the runs without images held out."""
    runs, held = (
        [finish(Run(homework, seed, held_out), data) for seed in seeds]
        for held_out in (False, True)
    )
    save_results(folder, runs, held, data)
    return runs
