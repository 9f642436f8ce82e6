"""Question 3: images, training, and what holds it to account."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from hw1lib.commands.options import Commands, add_data_dir, add_device, whole_number
from hw1lib.homework import Homework

SEEDS = (0, 1, 2, 3, 4)


def add_data(commands: Commands) -> None:
    """`hw1 data`."""
    command = commands.add_parser("data", help="fetch CIFAR-10 for question 3 and prepare it")
    add_data_dir(command)
    command.add_argument(
        "--url",
        nargs="+",
        action="extend",
        default=[],
        help="addresses of cifar-10-python.tar.gz to try before torchvision's own",
    )
    command.set_defaults(run=_data)


def _data(options: argparse.Namespace) -> None:
    from hw1lib.cifar.data import fetch_cifar10, load_cifar10

    fetch_cifar10(options.data_dir, options.url)
    data = load_cifar10(options.data_dir)
    print(
        f"{len(data.train):,} training and {len(data.test):,} test images are ready in "
        f"{options.data_dir}, from {data.source}."
    )


def add_train(commands: Commands) -> None:
    """`hw1 train`."""
    command = commands.add_parser("train", help="train question 3's net and write results/")
    add_data_dir(command)
    command.add_argument("--epochs", type=whole_number(1), help="cap on epochs")
    command.add_argument(
        "--seeds",
        type=whole_number(0),
        nargs="+",
        default=list(SEEDS),
        metavar="SEED",
        help=f"trained side by side (default: {' '.join(map(str, SEEDS))})",
    )
    add_device(command)
    command.add_argument("--threads", type=whole_number(1), default=1, help="of torch, for a seed")
    command.add_argument("--results-dir", type=Path, default=Path("results"))
    command.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from hw1lib.cifar.experiment import choose_device, train

    homework = Homework()
    if options.epochs:
        homework = replace(homework, max_epochs=options.epochs)
    train(
        homework,
        list(dict.fromkeys(options.seeds)),
        options.data_dir,
        options.results_dir,
        choose_device(options.device),
        options.threads,
    )


def add_verify(commands: Commands) -> None:
    """`hw1 verify`, whose exit code is 1 for a difference."""
    command = commands.add_parser("verify", help="train again and compare with results/")
    add_data_dir(command)
    command.add_argument("--epochs", type=whole_number(1), help="compare the first ones only")
    add_device(command)
    command.add_argument("--results-dir", type=Path, default=Path("results"))
    command.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    from hw1lib.cifar.experiment import choose_device
    from hw1lib.cifar.verify import verify

    device = choose_device(options.device)
    verification = verify(options.data_dir, options.results_dir, options.epochs, device)
    print(verification.as_text())
    return 1 if verification.differences else 0


def add_bench(commands: Commands) -> None:
    """`hw1 bench`."""
    command = commands.add_parser("bench", help="how fast an epoch of training is")
    command.add_argument("--data-dir", type=Path, help="CIFAR-10; random pixels if not given")
    command.add_argument("--repeats", type=whole_number(5), default=5, help="5 or more")
    command.add_argument("--threads", type=whole_number(1), default=1, help="of torch")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_bench)


def _bench(options: argparse.Namespace) -> None:
    from hw1lib.cifar.bench import bench

    benchmark = bench(options.data_dir, options.repeats, options.threads)
    print(benchmark.as_json() if options.json else benchmark.as_text())
