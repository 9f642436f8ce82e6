"""Measures an epoch of training beside its matrix products alone, and beside the plain way.

    python benchmarks/epoch.py --data-dir data

The plain way is a DataLoader over torchvision's dataset with its transforms, autograd and
`torch.optim.SGD`. Those who know that the images fit into memory keep autograd and the optimiser,
and take the batches out of one tensor ("tensors, autograd"). All take turns in one process; each
figure is the median.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from tqdm import tqdm

from hw1lib.cifar.data import (
    Cifar10,
    Split,
    import_torchvision,
    load_cifar10,
    standardise,
)
from hw1lib.cifar.model import build_net
from hw1lib.cifar.training import plain_epoch, train_epoch
from hw1lib.homework import Homework

IMAGES = 50_000
HOMEWORK = Homework()
Task = Callable[[], None]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="How fast an epoch of question 3's training is.")
    parser.add_argument("--data-dir", type=Path, help="CIFAR-10; random pixels if not given")
    parser.add_argument("--repeats", type=int, default=5, help="epochs of each kind (default: 5)")
    parser.add_argument("--threads", type=int, default=1, help="number of torch threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = load_cifar10(options.data_dir) if options.data_dir else random_cifar10(IMAGES)
    print(report(measure(tasks(data), options.repeats)))
    print(
        f"median of {options.repeats}, threads {options.threads}, {len(data.train):,} images of "
        f"{data.source}; python {platform.python_version()}, torch {torch.__version__}"
    )


def random_cifar10(size: int) -> Cifar10:
    """Noise in CIFAR-10's shape."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (size, HOMEWORK.inputs), generator=generator)
    split = Split(pixels.to(torch.uint8), torch.arange(size) % HOMEWORK.classes)
    return Cifar10(split, split, "random pixels")


def tasks(data: Cifar10) -> dict[str, Task]:
    """What is measured, by name."""
    train, _ = standardise(data)
    net, other = (build_net(HOMEWORK.layer_sizes, seed=0) for _ in range(2))
    size, rate = HOMEWORK.batch_size, HOMEWORK.learning_rate
    steps = -(-len(train) // size)
    return {
        "products alone": lambda: products(steps),
        "training": lambda: train_epoch(net, train, torch.randperm(len(train)), size, rate),
        "tensors, autograd": lambda: plain_epoch(
            other, train, torch.randperm(len(train)), size, rate
        ),
        "plain way": plain_way(train.labels, workers=0),
        "plain way, 2 workers": plain_way(train.labels, workers=2),
    }


def products(steps: int) -> None:
    """The matrix products of so many steps, without anything else.

    For each of the four layers one forward and one for the weights' derivatives, and one backward
    for all but the first: 11 per step.
    """
    sizes = HOMEWORK.layer_sizes
    weights = [torch.randn(outputs, inputs) for inputs, outputs in pairwise(sizes)]
    gradients = [torch.empty_like(W) for W in weights]
    values = [torch.randn(HOMEWORK.batch_size, size) for size in sizes]
    results = [torch.empty_like(value) for value in values]
    for _ in range(steps):
        for layer, W in enumerate(weights):
            torch.mm(values[layer], W.t(), out=results[layer + 1])
            torch.mm(values[layer + 1].t(), values[layer], out=gradients[layer])
            if layer:
                torch.mm(values[layer + 1], W, out=results[layer])


def plain_way(labels: Tensor, workers: int) -> Task:
    """An epoch as one would write it; its pictures are random, which does not change the time."""
    import_torchvision()
    from torchvision.datasets import CIFAR10
    from torchvision.transforms import Compose, Grayscale, Normalize, ToTensor

    dataset = CIFAR10.__new__(CIFAR10)  # reads no file
    pictures = torch.randint(0, 256, (len(labels), 32, 32, 3), dtype=torch.uint8)
    dataset.data, dataset.targets = pictures.numpy(), labels.tolist()
    dataset.transform = Compose([Grayscale(), ToTensor(), Normalize((0.5,), (0.25,))])
    dataset.target_transform = None
    loader = DataLoader(dataset, HOMEWORK.batch_size, shuffle=True, num_workers=workers)
    net = nn.Sequential(nn.Flatten(), build_net(HOMEWORK.layer_sizes, seed=0))
    optimizer = torch.optim.SGD(net.parameters(), lr=HOMEWORK.learning_rate)

    def epoch() -> None:
        for images, targets in loader:
            loss = cross_entropy(net(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def measure(tasks: dict[str, Task], repeats: int) -> dict[str, float]:
    """Median seconds of each task; the tasks take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for name in tqdm([*tasks] * repeats, "Measuring", disable=None):
        start = time.perf_counter()
        tasks[name]()
        seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def report(seconds: dict[str, float]) -> str:
    """The times and the ratios, one per line."""
    training, alone = seconds["training"], seconds["products alone"]
    plain = min(seconds["plain way"], seconds["plain way, 2 workers"])
    lines = [f"{name:22}{time:8.3f} s" for name, time in seconds.items()]
    ratios = {
        "training / products": training / alone,
        "training / autograd": training / seconds["tensors, autograd"],
        "training / plain way": training / plain,
    }
    return "\n".join([*lines, *(f"{name:22}{ratio:8.3f}" for name, ratio in ratios.items())])


if __name__ == "__main__":
    main()
