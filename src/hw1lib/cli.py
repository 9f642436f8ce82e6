"""The command line: `hw1 gradients`, `adam`, `data`, `train`, `render` and so on."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hw1lib.cifar10 import default_data_dir
from hw1lib.errors import InputError
from hw1lib.homework import Homework

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

SEEDS = (0, 1, 2, 3, 4)
INTERRUPTED = 128 + 2  # as shells have it for SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; input that can't be used gives one sentence and exit code 2.

    Ctrl-C gives 130.
    """
    options = parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except InputError as error:
        print(f"hw1: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hw1: interrupted; what was there before is as it was.", file=sys.stderr)
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="hw1", description="Computations and pages of the hw1 book.")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_gradients(commands)
    _add_adam(commands)
    _add_data(commands)
    _add_train(commands)
    _add_verify(commands)
    _add_bench(commands)
    _add_render(commands)
    _add_submission(commands)
    return top


def whole_number(minimum: int) -> Callable[[str], int]:
    """A converter for argparse that takes whole numbers from `minimum` on."""

    def convert(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text} is no whole number from {minimum} on")
        return int(text)

    return convert


def number(text: str) -> float | int:
    """A converter for argparse that takes finite numbers and keeps whole ones whole."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is no finite number")
    return int(text) if text.lstrip("+-").isdecimal() else value


def decay_rate(text: str) -> float:
    """A converter for argparse that takes numbers from 0 up to, but not including, 1."""
    value = number(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not in [0, 1)")
    return float(value)


def _add_gradients(commands: Commands) -> None:
    command = commands.add_parser("gradients", help="question 1: both passes of a network file")
    command.add_argument("network", nargs="?", type=Path, help="default: the book's network.yml")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_gradients)


def _gradients(options: argparse.Namespace) -> None:
    from hw1lib.network import load_network
    from hw1lib.report import gradients_as_json, gradients_as_text

    network = load_network(options.network)
    print(gradients_as_json(network) if options.json else gradients_as_text(network))


def _add_adam(commands: Commands) -> None:
    command = commands.add_parser("adam", help="question 2: Adam's expected first moment")
    homework = Homework()
    command.add_argument("--beta1", type=decay_rate, default=homework.adam_beta1)
    command.add_argument("--mean", type=number, default=homework.adam_mean)
    command.add_argument(
        "--steps", type=whole_number(1), nargs="+", default=list(homework.adam_steps)
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_adam)


def _adam(options: argparse.Namespace) -> None:
    from hw1lib.report import adam_as_json, adam_as_text

    report = adam_as_json if options.json else adam_as_text
    print(report(options.mean, options.beta1, options.steps))


def _add_data(commands: Commands) -> None:
    command = commands.add_parser("data", help="fetch CIFAR-10 for question 3 and prepare it")
    _add_data_dir(command)
    command.add_argument(
        "--url",
        nargs="+",
        action="extend",
        default=[],
        help="addresses of cifar-10-python.tar.gz to try before torchvision's own",
    )
    command.set_defaults(run=_data)


def _data(options: argparse.Namespace) -> None:
    from hw1lib.cifar10 import fetch_cifar10, load_cifar10

    fetch_cifar10(options.data_dir, options.url)
    data = load_cifar10(options.data_dir)
    print(
        f"{len(data.train):,} training and {len(data.test):,} test images are ready in "
        f"{options.data_dir}, from {data.source}."
    )


def _add_train(commands: Commands) -> None:
    command = commands.add_parser("train", help="train question 3's net and write results/")
    _add_data_dir(command)
    command.add_argument("--epochs", type=whole_number(1), help="cap on epochs")
    command.add_argument(
        "--seeds", type=whole_number(0), nargs="+", default=list(SEEDS), metavar="SEED"
    )
    _add_device(command)
    command.add_argument("--threads", type=whole_number(1), default=1, help="of torch, for a seed")
    command.add_argument("--results-dir", type=Path, default=Path("results"))
    command.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from hw1lib.experiment import choose_device, train

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


def _add_verify(commands: Commands) -> None:
    command = commands.add_parser("verify", help="train again and compare with results/")
    _add_data_dir(command)
    command.add_argument("--epochs", type=whole_number(1), help="compare the first ones only")
    _add_device(command)
    command.add_argument("--results-dir", type=Path, default=Path("results"))
    command.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    from hw1lib.experiment import choose_device
    from hw1lib.verify import verify

    device = choose_device(options.device)
    verification = verify(options.data_dir, options.results_dir, options.epochs, device)
    print(verification.as_text())
    return 1 if verification.differences else 0


def _add_bench(commands: Commands) -> None:
    command = commands.add_parser("bench", help="how fast an epoch of training is")
    command.add_argument("--data-dir", type=Path, help="CIFAR-10; random pixels if not given")
    command.add_argument("--repeats", type=whole_number(5), default=5, help="5 or more")
    command.add_argument("--threads", type=whole_number(1), default=1, help="of torch")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_bench)


def _bench(options: argparse.Namespace) -> None:
    from hw1lib.bench import bench

    benchmark = bench(options.data_dir, options.repeats, options.threads)
    print(benchmark.as_json() if options.json else benchmark.as_text())


def _add_data_dir(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data-dir",
        type=Path,
        default=default_data_dir(),
        help="torchvision's CIFAR-10 files, or train/<class>/* and test/<class>/* (default: "
        "HW1_DATA, else data; fetched if neither is there)",
    )


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def _add_render(commands: Commands) -> None:
    command = commands.add_parser("render", help="build site, PDF and notebooks")
    command.add_argument("--engine", choices=("auto", "quarto", "pandoc"), default="auto")
    command.add_argument("--output-dir", type=Path, default=Path("_book"))
    _add_cell_timeout(command)
    command.set_defaults(run=_render)


def _add_cell_timeout(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--cell-timeout",
        type=whole_number(1),
        default=120,
        metavar="SECONDS",
        help="that one cell of a chapter may take (default: 120)",
    )


def _render(options: argparse.Namespace) -> None:
    from hw1lib.book.render import render
    from hw1lib.project import project_root

    target = options.output_dir.absolute()
    outputs = render(project_root(), target, options.engine, options.cell_timeout)
    print(f"site       {outputs.site}")
    print(f"PDF        {outputs.pdf}")
    for notebook in outputs.notebooks:
        print(f"notebook   {notebook}")


def _add_submission(commands: Commands) -> None:
    command = commands.add_parser("submission", help="build theory.pdf and coding.ipynb")
    command.add_argument("--name", help="your name, put on both")
    command.add_argument("--course", help="put on both (default: the homework's own)")
    command.add_argument("--output-dir", type=Path, default=Path("submission"))
    _add_cell_timeout(command)
    command.set_defaults(run=_submission)


def _submission(options: argparse.Namespace) -> None:
    from hw1lib.book.submission import submission
    from hw1lib.project import project_root

    theory, coding = submission(
        project_root(),
        options.output_dir.absolute(),
        options.name,
        options.course,
        options.cell_timeout,
    )
    print(f"theory     {theory}")
    print(f"coding     {coding}")
