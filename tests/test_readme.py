"""Every command that the README and CONTRIBUTING show exists and takes the options shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from hw1lib.cli import main, parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PRINTED = {"gradients": "1.7014", "adam": "1.302643"}


def commands(page: str) -> list[str]:
    """The commands in a page's shell blocks, without comments."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"))
    lines = [shlex.join(shlex.split(line, comments=True)) for b in blocks for line in b.split("\n")]
    return [part for line in lines if line for part in line.split(" '&&' ")]


COMMANDS = list(dict.fromkeys(c for page in PAGES for c in commands(page)))


def of(program: str) -> list[str]:
    return [command for command in COMMANDS if command.split()[0].endswith(program)]


def test_there_are_commands_of_each_program() -> None:
    assert all(len(of(program)) >= 2 for program in ("make", "hw1", "quarto"))


@pytest.mark.parametrize("command", of("hw1"))
def test_hw1(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = shlex.split(command)[1:]
    assert parser().parse_args(arguments).run.__name__ == f"_{arguments[0]}"
    if arguments[0] in PRINTED:
        assert main(arguments) == 0
        assert PRINTED[arguments[0]] in capsys.readouterr().out


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("command", of("make"))
def test_make(command: str) -> None:
    """Dry, as the other tests and CI run what the targets do."""
    words = [command.split()[0], "--dry-run", "--always-make", *shlex.split(command)[1:]]
    clean = {"PATH": os.environ["PATH"]}  # without what an outer make hands on
    done = subprocess.run(words, cwd=ROOT, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_links_between_the_files_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        assert target.startswith("https://") or (ROOT / target).is_file()
