"""The files around the code agree with each other: versions, targets, tools, licences."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from qmdbook.quarto import MINIMUM, NEEDED

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 500  # kB of a file that git takes
OF_CONDA = {"torch": "pytorch"}  # where conda-forge has another name


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def load(name: str) -> Any:
    return tomllib.loads(text(name)) if name.endswith(".toml") else yaml.safe_load(text(name))


PROJECT = load("pyproject.toml")["project"]
WORKFLOW = load(".github/workflows/ci.yml")
EXTRAS = PROJECT["optional-dependencies"]
ASKED = [*PROJECT["dependencies"], *EXTRAS["book"], *EXTRAS["test"]]
ASKED = [Requirement(one) for one in ASKED if not one.startswith(PROJECT["name"])]
PINS = dict(
    line.split("==") for line in text("constraints.txt").splitlines() if line and line[0] != "#"
)
PINS = {str(canonicalize_name(name)): number for name, number in PINS.items()}
CONDA = dict(
    re.findall(r"([\w-]+)(.*)", item)[0]
    for item in load("environment.yml")["dependencies"]
    if isinstance(item, str)
)
OLDEST = PROJECT["requires-python"].removeprefix(">=")


@pytest.fixture(scope="module")
def tracked() -> dict[str, Path]:
    """The files that git has by name, or an aloud skip outside of a repository."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is not a git repository")
    return {name: ROOT / name for name in done.stdout.split("\0") if (ROOT / name).is_file()}


def installed_with(requirements: list[Requirement]) -> set[str]:
    """All that installing these brings with it here."""
    found: set[tuple[str, str]] = set()
    todo = [(each, "") for each in requirements]
    while todo:
        needed, extra = todo.pop()
        if needed.marker and not needed.marker.evaluate({"extra": extra}):
            continue
        for here in [(str(canonicalize_name(needed.name)), each) for each in ("", *needed.extras)]:
            if here not in found:
                found.add(here)
                below = distribution(here[0]).requires or []
                todo += [(Requirement(one), here[1]) for one in below]
    return {name for name, _ in found}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="constraints.txt is for Python 3.11")
def test_exactly_what_is_needed_is_pinned_to_what_is_installed() -> None:
    wanted = installed_with(ASKED)
    if sys.platform != "linux" or any(name.startswith("nvidia-") for name in wanted):
        pytest.skip("constraints.txt is for Linux with a CPU build of PyTorch")
    assert {name: version(name).partition("+")[0] for name in wanted} == PINS


def test_the_pins_are_those_that_the_project_asks_for_and_conda_and_pre_commit_have() -> None:
    """Conda brings what computing needs; pip brings what only building the book needs."""
    for needed in ASKED:
        assert needed.specifier.contains(PINS[canonicalize_name(needed.name)])
    for name in (canonicalize_name(Requirement(one).name) for one in PROJECT["dependencies"]):
        assert CONDA[OF_CONDA.get(name, name)] == f"={PINS[name]}"
    repositories = load(".pre-commit-config.yaml")["repos"]
    revisions = {r["repo"].split("/")[-1]: r.get("rev") for r in repositories}
    assert revisions["ruff-pre-commit"] == f"v{PINS['ruff']}"
    assert revisions["codespell"] == f"v{PINS['codespell']}"


def test_python_and_quarto_are_the_same_everywhere() -> None:
    assert f"Python {OLDEST} to 3.13 will do" in text("README.md")
    assert ".".join(map(str, sys.version_info[:3])) in SpecifierSet(f">={OLDEST}")
    number = ".".join(map(str, MINIMUM))
    assert (CONDA["python"], CONDA["quarto"]) == ("=3.11", f">={number}")
    assert f"Quarto {number} or newer" == NEEDED
    assert NEEDED in text("README.md")
    assert f'quarto-required: ">={number}"' in text("_quarto.yml")


def test_version_authors_and_licence_are_the_same_everywhere() -> None:
    citation = load("CITATION.cff")
    release, date = re.findall(r"(?m)^## \[(.+?)\] - (.+)$", text("CHANGELOG.md"))[0]
    assert citation["version"] == PROJECT["version"] == release
    assert date == str(citation.get("date-released", "Unreleased"))
    assert citation["authors"] == [{"name": load("_quarto.yml")["book"]["author"]}]
    assert set(citation["license"]) == set(PROJECT["license"].split(" AND "))


def test_nothing_generated_large_or_taken_from_cifar10_is_committed(
    tracked: dict[str, Path],
) -> None:
    large = {name for name, path in tracked.items() if path.stat().st_size > LIMIT * 1024}
    assert all(name.startswith(("results/", "src/qmdbook/fonts/")) for name in large)
    assert {name for name in tracked if name.endswith(".ipynb")} <= {"results/coding.ipynb"}
    images = {name for name in tracked if re.search(r"\.(png|jpe?g|webp|gif)$", name)}
    assert all(name.startswith(".github/") for name in images)


def test_text_files_end_in_a_line_and_have_unix_ends(tracked: dict[str, Path]) -> None:
    for name, path in tracked.items():
        content = path.read_bytes()
        if b"\0" not in content and not name.startswith("results/"):
            assert content.endswith(b"\n") or not content, name
            assert b"\r" not in content, name


def test_ci_checks_every_system_and_python_pinned_and_limited() -> None:
    assert "\nmake check\n" in text(".ci/run")
    jobs = WORKFLOW["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    commands = [step.get("run", "") for step in steps]
    assert any(command.startswith("make lint types ") for command in commands)
    assert any("pytest -m quarto" in command for command in commands)
    matrix = jobs["check"]["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    assert OLDEST.startswith(matrix["python"][0])
    used = re.findall(r"(?m)^\s*(?:- )?uses: (.*)$", text(".github/workflows/ci.yml"))
    assert all(re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v[\d.]+", use) for use in used)
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in jobs.values())
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}
