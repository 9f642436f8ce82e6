"""The command line: what `hw1` runs, a function for each command.

Each command imports what it needs when it runs, so that `hw1 --help` is immediate.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hw1lib.errors import InputError
from hw1lib.homework import SEEDS, Homework
from hw1lib.project import NETWORK, default_data_dir, project_root

if TYPE_CHECKING:
    from hw1lib.backprop.judging import Tolerance

INTERRUPTED, OUTPUT_ENDED = 128 + 2, 128 + 13  # as shells have it for SIGINT and SIGPIPE
LARGEST = 2**63 - 1
RESULTS, TRIAL = Path("results"), Path("trial")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code.

    Unusable input gives one sentence and exit code 2, Ctrl-C gives 130. Where the output ends
    early, as in `hw1 gradients | head`, nothing is said; letters that the terminal lacks are
    shown by their codes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left to say
        return OUTPUT_ENDED
    except InputError as error:
        print(f"hw1: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hw1: interrupted; no finished work is lost.", file=sys.stderr)
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="hw1", description="The hw1 book: its computations, and its pages."
    )
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, help: str, run: Callable[..., int | None]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        command.set_defaults(run=run)
        return command

    _gradients_options(
        add("gradients", "question 1: prediction, loss, derivatives and zeros", _gradients)
    )
    _adam_options(add("adam", "question 2: Adam's expected first moment", _adam))
    _data_dir_option(add("data", "question 3: download and prepare CIFAR-10", _data))
    _train_options(add("train", "question 3: train the net and write results/", _train))
    _verify_options(add("verify", "question 3: train again and compare with results/", _verify))
    _sheets_options(
        add("sheets", "for staff: a network, a sheet and a key for each student", _sheets)
    )
    _check_options(add("check", "check answers to question 1, one's own or a course's", _check))
    _render_options(add("render", "build the site, the PDF and the notebooks", _render))
    return top


def _gradients_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "network", nargs="?", type=Path, help="network file (default: the book's network.toml)"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _gradients(options: argparse.Namespace) -> None:
    from hw1lib.backprop.network import load_network

    network = load_network(options.network)  # refused at once, before torch is imported

    from hw1lib.backprop.report import gradients_as_json, gradients_as_text

    print(gradients_as_json(network) if options.json else gradients_as_text(network))


def _adam_options(command: argparse.ArgumentParser) -> None:
    homework = Homework()
    command.add_argument(
        "--beta1",
        type=decay_rate,
        default=homework.adam_beta1,
        help="decay rate of the first moment (default: %(default)s)",
    )
    command.add_argument(
        "--mean",
        type=number,
        default=homework.adam_mean,
        help="expectation G of every gradient (default: %(default)s)",
    )
    command.add_argument(
        "--steps",
        type=whole_number(1),
        nargs="+",
        default=list(homework.adam_steps),
        metavar="T",
        help=f"steps t (default: {' '.join(map(str, homework.adam_steps))})",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _adam(options: argparse.Namespace) -> None:
    from hw1lib.adam.moments import adam_as_json, adam_as_text

    report = adam_as_json if options.json else adam_as_text
    print(report(options.mean, options.beta1, options.steps))


def _data(options: argparse.Namespace) -> None:
    from hw1lib.cifar.data import load_cifar10

    data = load_cifar10(options.data_dir)
    print(
        f"{len(data.train):,} training and {len(data.test):,} test images are ready in "
        f"{options.data_dir}, from {data.source}."
    )


def _train_options(command: argparse.ArgumentParser) -> None:
    _data_dir_option(command)
    command.add_argument(
        "--epochs",
        type=whole_number(1),
        default=Homework().max_epochs,
        metavar="N",
        help="train for at most N epochs (default: %(default)s)",
    )
    command.add_argument(
        "--seeds",
        type=whole_number(0),
        nargs="+",
        default=list(SEEDS),
        metavar="SEED",
        help=f"seeds, which train side by side (default: {' '.join(map(str, SEEDS))})",
    )
    command.add_argument(
        "--results-dir",
        type=Path,
        metavar="DIR",
        help=f"folder of the results (default: {RESULTS}; {TRIAL} with --epochs or --seeds)",
    )


def _train(options: argparse.Namespace) -> None:
    from hw1lib.cifar.data import load_cifar10
    from hw1lib.cifar.experiment import train

    homework = replace(Homework(), max_epochs=options.epochs)
    seeds = list(dict.fromkeys(options.seeds))
    full = homework == Homework() and seeds == list(SEEDS)
    results_dir = options.results_dir or (RESULTS if full else TRIAL)
    data = load_cifar10(options.data_dir)
    print(f"{len(data.train):,} training and {len(data.test):,} test images, {data.source}")
    train(homework, seeds, data, results_dir)
    print(f"Results are in {results_dir}.")


def _verify_options(command: argparse.ArgumentParser) -> None:
    _data_dir_option(command)
    command.add_argument(
        "--epochs",
        type=whole_number(1),
        metavar="N",
        help="compare the first N epochs only (default: all)",
    )
    command.add_argument(
        "--results-dir",
        type=Path,
        default=RESULTS,
        metavar="DIR",
        help="folder of the results (default: %(default)s)",
    )


def _verify(options: argparse.Namespace) -> int:
    from hw1lib.cifar.data import load_cifar10
    from hw1lib.cifar.verify import verify

    data = load_cifar10(options.data_dir)
    verification = verify(data, options.results_dir, options.epochs)
    print(verification.as_text())
    return 1 if verification.differences else 0


def _sheets_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("roster", type=Path, help="CSV file with the columns id and name")
    command.add_argument(
        "--output-dir", type=Path, required=True, metavar="DIR", help="folder for all files"
    )
    command.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="file of the secret that all networks follow from "
        "(default: key/secret.txt in the folder, drawn at random by the first run)",
    )
    command.add_argument(
        "--sizes",
        type=layer_sizes,
        default=(2, 3, 2),
        metavar="N,M,K",
        help="units of the input, hidden and output layers (default: 2,3,2)",
    )
    command.add_argument(
        "--activation", default="relu", help="relu (the default), sigmoid, tanh or identity"
    )
    command.add_argument("--output", default="softmax", help="softmax (the default) or sigmoid")


def _sheets(options: argparse.Namespace) -> None:
    from hw1lib.course.sheets import write_sheets

    kind = {name: getattr(options, name) for name in ("sizes", "activation", "output")}
    count, nameless = write_sheets(options.roster, options.output_dir, kind, options.secret)
    print(f"{count:,} sheets and their keys are in {options.output_dir}.")
    if nameless:
        print(
            f"No font here can write the names of {', '.join(nameless)}, so that their sheets have "
            "the id alone; install a font for that script (such as Noto), and delete the sheets."
        )


def _check_options(command: argparse.ArgumentParser) -> None:
    one = command.add_argument_group("one student's answers")
    one.add_argument(
        "answers_file", nargs="?", type=Path, metavar="ANSWERS", help="TOML file with the answers"
    )
    one.add_argument(
        "--network",
        type=Path,
        help="their network (default: network.toml beside the answers, else the book's)",
    )
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one.add_argument("--show", action="store_true", help="give the right values too")
    course = command.add_argument_group("a course's answers, for staff")
    course.add_argument("--roster", type=Path, help="CSV file with the columns id and name")
    course.add_argument("--keys", type=Path, metavar="DIR", help="folder of ID.json")
    course.add_argument(
        "--answers", type=Path, metavar="DIR", help="folder of ID.toml, or Canvas's or Moodle's"
    )
    course.add_argument("--points", type=Path, help="TOML file with points (default: 1 an answer)")
    course.add_argument("--output", type=Path, help="CSV file for the grades")
    course.add_argument(
        "--feedback",
        type=Path,
        metavar="DIR",
        help="folder for a page for each student and a summary; with --show, of right values too",
    )
    course.add_argument(
        "--assignment",
        default="Homework 1",
        metavar="NAME",
        help="name of the column for Canvas, if the roster is its gradebook (default: %(default)s)",
    )
    precision = command.add_argument_group("how precise numbers must be")
    precision.add_argument(
        "--rtol",
        type=decay_rate,
        default=0.01,
        help="share of the right value by which a number may be off (default: %(default)s)",
    )
    precision.add_argument(
        "--digits",
        type=whole_number(1),
        default=2,
        help="significant digits that are enough (default: %(default)s)",
    )


def _check(options: argparse.Namespace) -> None:
    from hw1lib.backprop.judging import Tolerance

    names = ("roster", "keys", "answers", "output")
    missing = [name for name in names if getattr(options, name) is None]
    if (options.answers_file is None) == bool(missing) or 0 < len(missing) < len(names):
        raise InputError("name one file of answers, or --roster, --keys, --answers and --output.")
    tolerance = Tolerance(options.rtol, options.digits)
    if options.answers_file is None:
        _check_course(options, tolerance)
    else:
        _check_one(options, tolerance)


def _check_course(options: argparse.Namespace, tolerance: Tolerance) -> None:
    from hw1lib.course.feedback import SUMMARY, write_feedback
    from hw1lib.course.grading import canvas_table, grade, write_grades
    from hw1lib.course.tables import as_csv
    from hw1lib.files import write_text

    course = grade(options.roster, options.keys, options.answers, options.points, tolerance)
    write_grades(course, options.output, [options.roster, options.points])
    if options.feedback:
        write_feedback(course, options.feedback, options.show)
        print(f"Feedback for each student, and {SUMMARY}, are in {options.feedback}.")
    print(f"The grades of {len(course.graded):,} students are in {options.output}.")
    if course.roster.is_canvas:
        path = options.output.with_name(f"{options.output.stem}-canvas.csv")
        write_text(path, as_csv(canvas_table(course, options.assignment)))
        print(f"For Canvas's gradebook: {path}")
    if report := course.report():
        print(report)


def _check_one(options: argparse.Namespace, tolerance: Tolerance) -> None:
    from hw1lib.backprop.network import load_network
    from hw1lib.course.answerfile import read_answers
    from hw1lib.course.answers import parse_answers
    from hw1lib.course.checking import as_json, as_text
    from hw1lib.course.marking import mark_answers

    beside = options.answers_file.with_name(NETWORK)
    if not options.network and not beside.exists():
        print(f"There is no {beside}: this is about the book's network.", file=sys.stderr)
    network = load_network(options.network or (beside if beside.exists() else None))
    answers = parse_answers(read_answers(options.answers_file), network)
    findings = mark_answers(network, answers, tolerance)
    print((as_json if options.json else as_text)(findings, options.show))


def _render_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--engine",
        choices=("auto", "quarto", "pandoc"),
        default="auto",
        help="auto (the default) uses Quarto if it is installed",
    )
    command.add_argument(
        "--output-dir",
        type=Path,
        default=Path("_book"),
        metavar="DIR",
        help="folder for the book (default: _book)",
    )
    command.add_argument(
        "--cell-timeout",
        type=whole_number(1),
        default=120,
        metavar="SECONDS",
        help="longest time that a cell may take (default: 120)",
    )


def _render(options: argparse.Namespace) -> None:
    from qmdbook.errors import BookError
    from qmdbook.render import render

    target = options.output_dir.absolute()
    try:
        outputs = render(project_root(), target, options.engine, options.cell_timeout)
    except BookError as error:
        raise InputError(str(error)) from error
    print(f"site       {outputs.site}")
    print(f"PDF        {outputs.pdf}")
    for notebook in outputs.notebooks:
        print(f"notebook   {notebook}")


def _data_dir_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data-dir",
        type=Path,
        default=default_data_dir(),
        metavar="DIR",
        help="folder with torchvision's CIFAR-10 files, which are downloaded into it if it lacks "
        "them (default: HW1_DATA, else data)",
    )


def whole_number(minimum: int) -> Callable[[str], int]:
    """A converter for argparse: whole numbers of 64 bits that are at least `minimum`."""

    def convert(text: str) -> int:
        if not text.isdecimal() or len(text) > 19 or not minimum <= int(text) <= LARGEST:
            raise argparse.ArgumentTypeError(
                f"{text:.30} is not a whole number from {minimum} to {LARGEST}"
            )
        return int(text)

    return convert


def layer_sizes(text: str) -> tuple[int, ...]:
    """A converter for argparse: three whole numbers such as 2,3,2."""
    sizes = tuple(
        int(size) if size.isdecimal() and len(size) < 9 else 0 for size in text.split(",")
    )
    if len(sizes) != 3 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"{text:.30} is not three whole numbers such as 2,3,2")
    return sizes


def number(text: str) -> float | int:
    """A converter for argparse: finite numbers; whole numbers stay whole."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text:.30} is not a finite number")
    return int(text) if text.lstrip("+-").isdecimal() else value


def decay_rate(text: str) -> float:
    """A converter for argparse: numbers in [0, 1)."""
    value = number(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text:.30} is not at least 0 and below 1")
    return float(value)
