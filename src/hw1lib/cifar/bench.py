"""How fast an epoch of training is: beside its matrix products alone, and beside the plain way."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from hw1lib.cifar.data import Cifar10, Split, load_cifar10
from hw1lib.cifar.experiment import torch_threads
from hw1lib.cifar.model import build_net, layers_of
from hw1lib.cifar.plain import build_optimizer, plain_epoch, plain_loader
from hw1lib.cifar.sgd import standardise, train_epoch
from hw1lib.homework import Homework

IMAGES = 50_000


@dataclass(frozen=True)
class Benchmark:
    """Medians of several epochs, taken in turns in one process.

    Attributes:
        products: seconds of an epoch's matrix products alone: 11 a step.
        epoch: seconds of an epoch of `hw1lib.cifar.sgd.train_epoch`.
        plain: seconds of an epoch of `hw1lib.cifar.plain`, by the DataLoader's number of workers.
        repeats: of each.
        threads: of torch.
        images: in the epoch, and where they come from.
        versions: of Python and torch.
    """

    products: float
    epoch: float
    plain: dict[int, float]
    repeats: int
    threads: int
    images: str
    versions: dict[str, str]

    @property
    def over_products(self) -> float:
        """How many times its own matrix products an epoch takes."""
        return self.epoch / self.products

    @property
    def over_plain(self) -> float:
        """Which part of the plain way's time an epoch takes, with the better number of workers."""
        return self.epoch / min(self.plain.values())

    def as_json(self) -> str:
        """One JSON object, times in seconds."""
        ratios = {"over_products": self.over_products, "over_plain": self.over_plain}
        return json.dumps({**asdict(self), **ratios})

    def as_text(self) -> str:
        """The same to read."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        plain = [
            f"plain way, {workers} workers {seconds:12.3f} s"
            for workers, seconds in self.plain.items()
        ]
        return "\n".join(
            [
                f"an epoch's products alone  {self.products:8.3f} s",
                f"an epoch of training       {self.epoch:8.3f} s",
                *plain,
                f"training / products        {self.over_products:8.3f}",
                f"training / plain way       {self.over_plain:8.3f}",
                f"median of {self.repeats}, threads {self.threads}, {self.images}; {versions}",
            ]
        )


def bench(
    data_dir: Path | None, repeats: int = 5, threads: int = 1, size: int = IMAGES
) -> Benchmark:
    """Measures products, epoch and plain way, `repeats` times in turns.

    The plain way's pictures are random in any case, since an image tree would make it slower than
    torchvision's own files do; what the pixels are makes no difference to the time.

    Args:
        data_dir: CIFAR-10 for our own epoch; random pixels of the same shape if None.
        repeats: of each.
        threads: of torch.
        size: images in an epoch of random pixels.

    Raises:
        InputError: the data can't be used.
    """
    data = load_cifar10(data_dir) if data_dir else random_cifar10(size)
    homework = Homework()
    with torch_threads(threads):
        train, _ = standardise(data, torch.device("cpu"))
        tasks = _tasks(homework, train)
        seconds: dict[str, list[float]] = {name: [] for name in tasks}
        rounds = [name for _ in range(repeats) for name in tasks]
        for name in tqdm(rounds, "Measuring", disable=None):
            start = time.perf_counter()
            tasks[name]()
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return Benchmark(
        medians.pop("products"),
        medians.pop("epoch"),
        {int(workers): value for workers, value in medians.items()},
        repeats,
        threads,
        f"{len(train):,} images of {data.source}",
        {"python": platform.python_version(), "torch": torch.__version__},
    )


def random_cifar10(size: int) -> Cifar10:
    """Noise in CIFAR-10's shape."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (size, 1024), generator=generator, dtype=torch.uint8)
    split = Split(pixels, torch.arange(size) % 10)
    return Cifar10(split, split, "random pixels")


def products(homework: Homework, steps: int) -> None:
    """The matrix products of so many steps, without anything else.

    For each of the four layers one forward and one for the weights' derivatives, and one backward
    for all but the first: 11 a step.
    """
    shapes = list(pairwise(homework.layer_sizes))
    weights = [torch.randn(outputs, inputs) for inputs, outputs in shapes]
    gradients = [torch.empty_like(W) for W in weights]
    values = [torch.randn(homework.batch_size, size) for size in homework.layer_sizes]
    results = [torch.empty_like(value) for value in values]
    for _ in range(steps):
        for layer, W in enumerate(weights):
            torch.mm(values[layer], W.t(), out=results[layer + 1])
            torch.mm(values[layer + 1].t(), values[layer], out=gradients[layer])
            if layer:
                torch.mm(values[layer + 1], W, out=results[layer])


def _tasks(homework: Homework, train: Split) -> dict[str, Callable[[], None]]:
    """What is measured, by name; the plain ways are named by their workers."""
    layers = layers_of(build_net(homework.layer_sizes, seed=0))
    size, rate = homework.batch_size, homework.learning_rate
    steps = -(-len(train) // size)
    pictures = torch.randint(0, 256, (len(train), 32, 32, 3), dtype=torch.uint8)
    return {
        "products": lambda: products(homework, steps),
        "epoch": lambda: train_epoch(layers, train, torch.randperm(len(train)), size, rate),
        "0": _plain_task(homework, pictures, train.labels, 0),
        "2": _plain_task(homework, pictures, train.labels, 2),
    }


def _plain_task(
    homework: Homework, pictures: Tensor, labels: Tensor, workers: int
) -> Callable[[], None]:
    net = nn.Sequential(nn.Flatten(), build_net(homework.layer_sizes, seed=0))
    optimizer = build_optimizer(net, homework)
    loader = plain_loader(pictures, labels, homework, workers)
    return lambda: plain_epoch(net, optimizer, loader)
