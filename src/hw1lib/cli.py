"""The command line: `hw1 train`, `gradients`, `adam`, `render` and `submission`."""

from __future__ import annotations

import argparse
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; input that can't be used gives one sentence and exit code 2."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except InputError as error:
        print(f"hw1: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="hw1", description="Computations and pages of the hw1 book.")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_train(commands)
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


def _add_train(commands: Commands) -> None:
    command = commands.add_parser("train", help="train question 3's net and write results/")
    command.add_argument(
        "--data-dir",
        type=Path,
        default=default_data_dir(),
        help="torchvision's CIFAR-10 files, or train/<class>/* and test/<class>/* (default: "
        "HW1_DATA, else data; downloaded if neither is there)",
    )
    command.add_argument("--epochs", type=whole_number(1), help="cap on epochs")
    command.add_argument("--seed", type=whole_number(0), default=0)
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    command.add_argument("--results-dir", type=Path, default=Path("results"))
    command.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from hw1lib.experiment import train

    homework = Homework()
    if options.epochs:
        homework = replace(homework, max_epochs=options.epochs)
    train(homework, options.seed, options.data_dir, options.device, options.results_dir)


def _add_render(commands: Commands) -> None:
    command = commands.add_parser("render", help="build site, PDF and notebooks")
    command.add_argument("--engine", choices=("auto", "quarto", "pandoc"), default="auto")
    command.add_argument("--output-dir", type=Path, default=Path("_book"))
    command.set_defaults(run=_render)


def _render(options: argparse.Namespace) -> None:
    from hw1lib.book.render import render
    from hw1lib.project import project_root

    outputs = render(project_root(), options.output_dir.absolute(), options.engine)
    print(f"site       {outputs.site}")
    print(f"PDF        {outputs.pdf}")
    for notebook in outputs.notebooks:
        print(f"notebook   {notebook}")


def _add_submission(commands: Commands) -> None:
    command = commands.add_parser("submission", help="build theory.pdf and coding.ipynb")
    command.add_argument("--name", help="put on the title of theory.pdf")
    command.add_argument("--output-dir", type=Path, default=Path("submission"))
    command.set_defaults(run=_submission)


def _submission(options: argparse.Namespace) -> None:
    from hw1lib.book.submission import submission
    from hw1lib.project import project_root

    theory, coding = submission(project_root(), options.output_dir.absolute(), options.name)
    print(f"theory     {theory}")
    print(f"coding     {coding}")
