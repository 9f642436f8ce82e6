"""The command line: `hw1 gradients`, `adam`, `data`, `train`, `render` and so on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hw1lib.commands import book, experiment, questions
from hw1lib.errors import InputError

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
    questions.add_gradients(commands)
    questions.add_adam(commands)
    experiment.add_data(commands)
    experiment.add_train(commands)
    experiment.add_verify(commands)
    experiment.add_bench(commands)
    book.add_render(commands)
    book.add_submission(commands)
    return top
