"""Every command that the README and CONTRIBUTING show: run, or checked and said why not run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from hw1lib.cli import parser
from qmdbook.quarto import NOT_FOUND, find_quarto

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
HW1 = "import sys; from hw1lib.cli import main; sys.exit(main())"
RUN = {"gradients": "1.7014", "adam": "1.30264", "data": "are ready in"}  # and what they print
NOT_RUN = {  # but for their options
    "train": "takes minutes; test_experiment.py trains small nets",
    "verify": "takes minutes; test_verify.py compares small ones",
    "bench": "takes a minute; test_bench.py measures less",
    "render": "is what the fixture `built` does",
}
MAKES = {  # the command that each target must come to
    "book": "hw1 render",
    "submission": 'hand_in.py submission --name="$NAME"',
    "test": "python -m pytest",
    "check": "run -m pytest",
    "format": "ruff format .",
}


def commands(page: str) -> list[str]:
    """The commands of a page's blocks of shell, without their comments."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"))
    lines = [shlex.join(shlex.split(line, comments=True)) for b in blocks for line in b.split("\n")]
    return [part for line in lines if line for part in line.split(" '&&' ")]


COMMANDS = list(dict.fromkeys(c for page in PAGES for c in commands(page)))


def run(*command: str, **more: str) -> str:
    """What a program prints, in the checkout; make must not hear of one that runs the tests."""
    outer = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "NAME", "COURSE", "CONSTRAINTS", "PYTHON"}
    environment = {k: v for k, v in os.environ.items() if k not in outer} | more
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_commands() -> None:
    assert len(commands("README.md")) >= 15
    assert {shlex.split(c)[0].split("/")[-1] for c in COMMANDS} == {
        "make",
        "hw1",
        "conda",
        "quarto",
    }


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(".venv/bin/hw1")])
def test_hw1(command: str, tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    arguments = shlex.split(command.replace("DIR", shlex.quote(str(tmp_path))))[1:]
    name = arguments[0]
    options = parser().parse_args(arguments)
    assert options.run.__name__ == f"_{name}"
    if name in NOT_RUN:
        return
    if name == "data":
        write_tree(tmp_path)
    assert RUN[name] in run(sys.executable, "-c", HW1, *arguments)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make")])
def test_make(command: str) -> None:
    """Dry, as the targets' own commands are run by the other tests and by CI."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    arguments = shlex.split(command)[1:]
    targets = [a for a in arguments if "=" not in a] or ["book"]
    printed = run("make", "--dry-run", "--always-make", *arguments)
    for target in targets:
        assert MAKES[target] in printed
    if "CONSTRAINTS=" in arguments:
        assert "--constraint" not in printed
        assert '"python3.13" -m venv' in printed
    else:
        assert "--constraint constraints.txt" in printed


def test_make_help_lists_the_targets_that_pages_name() -> None:
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    listed = set(re.findall(r"(?m)^  make ([a-z]+) ", run("make", "help")))
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"(?m)(?:`|^|\()make ([a-z]+)", text))
    assert named <= listed
    assert {"book", "check", "lint", "types", "test", "train"} <= listed


def test_the_options_in_the_text_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    known = {option for words in help_texts() for option in re.findall(r"--[a-z0-9-]+", words)}
    known |= {"--profile", "--to"}  # of Quarto
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text)) <= known


def help_texts() -> list[str]:
    actions = [a for a in parser()._actions if a.choices]
    return [command.format_help() for a in actions for command in dict(a.choices or {}).values()]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("quarto")])
def test_quarto(command: str, tmp_path: Path) -> None:
    """Rendering is what the tests marked quarto do; here, that Quarto knows the options."""
    quarto = find_quarto()
    if quarto is None:
        pytest.skip(NOT_FOUND)
    _, verb, *arguments = shlex.split(command)
    if verb == "convert":
        target = tmp_path / "chapter.ipynb"
        run(quarto.program, verb, *arguments, "--output", str(target))
        assert '"cell_type": "code"' in target.read_text(encoding="utf-8")
        return
    assert f"quarto {verb}" in run(quarto.program, verb, "--help")
    if "--profile" in arguments:
        assert (ROOT / f"_quarto-{arguments[arguments.index('--profile') + 1]}.yml").is_file()


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("conda")])
def test_conda(command: str) -> None:
    """Not run, since it downloads gigabytes: its file is there and names the environment."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    words = shlex.split(command)
    assert words[1:] in (
        ["env", "create", "-f", "environment.yml"],
        ["activate", environment["name"]],
    )


def test_the_readme_opens_with_a_sentence_a_picture_the_commands_and_the_results() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    opening = re.fullmatch(
        r"(?s)# hw1: .*?\n\n([^#!`|]+)\n\n!\[([^\]]+)\]\(([\w./]+)\)\n\n## Two commands\n"
        r".*?```sh\n(.*?)```.*?\n## Results\n\n\|.*",
        text,
    )
    assert opening is not None
    sentence, alt, picture, two = opening.groups()
    assert len(re.findall(r"[.!?](?:\s|$)", sentence)) == 1
    assert len(alt) > 60
    assert 10_000 < (ROOT / picture).stat().st_size < 150_000
    assert len(two.splitlines()) == 2


@pytest.mark.parametrize("page", PAGES)
def test_links_between_the_files_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert targets or page == "CONTRIBUTING.md"
    for target in targets:
        assert target.startswith("https://") or (ROOT / target).is_file()
