"""Small images of noise, and runs that are trained on them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from PIL import Image

from hw1lib.cifar.data import CLASSES, Cifar10, Split
from hw1lib.cifar.results import save_results
from hw1lib.cifar.run import Run, standardise
from hw1lib.homework import Homework

CPU = torch.device("cpu")
Runs = dict[tuple[bool, int], Run]  # by whether images are held out, and seed


def write_tree(folder: Path, per_class: int = 4, suffix: str = "png") -> Path:
    """An image tree with so many images of each class in both splits."""
    generator = torch.Generator().manual_seed(0)
    for split in ("train", "test"):
        for name in CLASSES:
            target = folder / split / name
            target.mkdir(parents=True)
            for i in range(per_class):
                noise = torch.randint(0, 256, (32, 32, 3), generator=generator)
                Image.fromarray(noise.to(torch.uint8).numpy()).save(target / f"{i}.{suffix}")
    return folder


def banded() -> Cifar10:
    """200 training and 50 test images of noise whose class shows in a brighter band."""
    generator = torch.Generator().manual_seed(1)

    def split(size: int) -> Split:
        labels = torch.arange(size) % 10
        pixels = torch.randint(0, 100, (size, 1024), generator=generator)
        for i, label in enumerate(labels.tolist()):
            pixels[i, 100 * label : 100 * (label + 1)] += 120
        return Split(pixels.to(torch.uint8), labels)

    return Cifar10(split(200), split(50), "noise")


def finish(run: Run, data: Cifar10) -> Run:
    """Trains until the run's own rule stops it."""
    splits = standardise(data, CPU)
    while not run.finished:
        run.next_epoch(*splits)
    return run


def write_results(folder: Path, data: Cifar10, homework: Homework, seeds: Iterable[int]) -> Runs:
    """Trains, and saves what came of it."""
    settings = [(held_out, seed) for held_out in (False, True) for seed in seeds]
    runs = {(held, seed): finish(Run(homework, seed, CPU, held), data) for held, seed in settings}
    save_results(folder, runs, data, threads=1)
    return runs
