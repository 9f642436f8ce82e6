"""Options that several commands share, and the values they take."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from hw1lib.cifar.data import default_data_dir

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


LARGEST = 2**63 - 1


def whole_number(minimum: int) -> Callable[[str], int]:
    """A converter for argparse that takes whole numbers from `minimum` on, in 64 bits."""

    def convert(text: str) -> int:
        if not text.isdecimal() or len(text) > 19 or not minimum <= int(text) <= LARGEST:
            raise argparse.ArgumentTypeError(
                f"{text:.30} is no whole number from {minimum} to {LARGEST}"
            )
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


def add_data_dir(command: argparse.ArgumentParser) -> None:
    """`--data-dir`, which loads or fetches CIFAR-10."""
    command.add_argument(
        "--data-dir",
        type=Path,
        default=default_data_dir(),
        help="torchvision's CIFAR-10 files, or train/<class>/* and test/<class>/* (default: "
        "HW1_DATA, else data; fetched if neither is there)",
    )


def add_device(command: argparse.ArgumentParser) -> None:
    """`--device`, for `hw1lib.cifar.experiment.choose_device`."""
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def add_cell_timeout(command: argparse.ArgumentParser) -> None:
    """`--cell-timeout`, in seconds."""
    command.add_argument(
        "--cell-timeout",
        type=whole_number(1),
        default=120,
        metavar="SECONDS",
        help="that one cell of a chapter may take (default: 120)",
    )
