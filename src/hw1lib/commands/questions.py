"""Questions 1 and 2: their answers for other numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

from hw1lib.commands.options import Commands, decay_rate, number, whole_number
from hw1lib.homework import Homework


def add_gradients(commands: Commands) -> None:
    """`hw1 gradients`."""
    command = commands.add_parser("gradients", help="question 1: both passes of a network file")
    command.add_argument("network", nargs="?", type=Path, help="default: the book's network.yml")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_gradients)


def _gradients(options: argparse.Namespace) -> None:
    from hw1lib.backprop.network import load_network
    from hw1lib.report import gradients_as_json, gradients_as_text

    network = load_network(options.network)
    print(gradients_as_json(network) if options.json else gradients_as_text(network))


def add_adam(commands: Commands) -> None:
    """`hw1 adam`."""
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
    from hw1lib.adam.moments import adam_as_json, adam_as_text

    report = adam_as_json if options.json else adam_as_text
    print(report(options.mean, options.beta1, options.steps))
