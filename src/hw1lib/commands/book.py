"""The book and what is handed in."""

from __future__ import annotations

import argparse
from pathlib import Path

from hw1lib.commands.options import Commands, add_cell_timeout


def add_render(commands: Commands) -> None:
    """`hw1 render`."""
    command = commands.add_parser("render", help="build site, PDF and notebooks")
    command.add_argument("--engine", choices=("auto", "quarto", "pandoc"), default="auto")
    command.add_argument("--output-dir", type=Path, default=Path("_book"))
    add_cell_timeout(command)
    command.set_defaults(run=_render)


def _render(options: argparse.Namespace) -> None:
    from hw1lib.project import project_root
    from qmdbook.render import render

    target = options.output_dir.absolute()
    outputs = render(project_root(), target, options.engine, options.cell_timeout)
    print(f"site       {outputs.site}")
    print(f"PDF        {outputs.pdf}")
    for notebook in outputs.notebooks:
        print(f"notebook   {notebook}")


def add_submission(commands: Commands) -> None:
    """`hw1 submission`."""
    command = commands.add_parser("submission", help="build theory.pdf and coding.ipynb")
    command.add_argument("--name", help="your name, put on both")
    command.add_argument("--course", help="put on both (default: the homework's own)")
    command.add_argument("--output-dir", type=Path, default=Path("submission"))
    add_cell_timeout(command)
    command.set_defaults(run=_submission)


def _submission(options: argparse.Namespace) -> None:
    from hw1lib.project import project_root
    from qmdbook.submission import submission

    theory, coding = submission(
        project_root(),
        options.output_dir.absolute(),
        options.name,
        options.course,
        options.cell_timeout,
    )
    print(f"theory     {theory}")
    print(f"coding     {coding}")
