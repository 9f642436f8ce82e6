"""The environment: every package pinned, and the same versions wherever they are named."""

from __future__ import annotations

import re
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

OTHER_NAMES = {"torch": "pytorch"}  # of conda-forge


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    """The versions in constraints.txt; every line of it is one."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): number for name, number in pairs}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    """What pyproject.toml says of the package."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["project"])


@pytest.fixture(scope="module")
def conda(root: Path) -> dict[str, str]:
    """The packages of environment.yml with what it says of their versions."""
    listed = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pairs = (re.match(r"([\w-]+)(.*)", item) for item in listed if isinstance(item, str))
    return {pair[1]: pair[2] for pair in pairs if pair}


@pytest.fixture(scope="module")
def asked(project: dict[str, Any]) -> list[str]:
    """What pyproject.toml asks for, for running, building the book and testing."""
    extras = project["optional-dependencies"]
    listed = [*project["dependencies"], *extras["book"], *extras["test"]]
    return [text for text in listed if not text.startswith(project["name"])]


def installed_with(texts: list[str]) -> set[str]:
    """All that installing these requirements brings with it here."""
    found: set[tuple[str, str]] = set()
    todo = [(text, "") for text in texts]
    while todo:
        text, extra = todo.pop()
        needed = Requirement(text)
        if needed.marker and not needed.marker.evaluate({"extra": extra}):
            continue
        for here in [(str(canonicalize_name(needed.name)), each) for each in ("", *needed.extras)]:
            if here not in found:
                found.add(here)
                todo += [(below, here[1]) for below in distribution(here[0]).requires or []]
    return {name for name, _ in found}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="constraints.txt is for Python 3.11")
def test_exactly_what_is_needed_is_pinned_to_what_is_installed(
    pins: dict[str, str], asked: list[str]
) -> None:
    wanted = installed_with(asked)
    if sys.platform != "linux" or any(name.startswith("nvidia-") for name in wanted):
        pytest.skip("constraints.txt is for Linux with a CPU build of PyTorch")
    assert pins == {name: version(name).partition("+")[0] for name in wanted}


def test_the_pins_fit_what_the_project_asks_for(pins: dict[str, str], asked: list[str]) -> None:
    for needed in map(Requirement, asked):
        assert needed.specifier.contains(pins[canonicalize_name(needed.name)])


def test_conda_has_the_same_versions(
    pins: dict[str, str], project: dict[str, Any], conda: dict[str, str]
) -> None:
    """Of all that computing needs; pip brings what only building the book needs."""
    for text in project["dependencies"]:
        name = canonicalize_name(Requirement(text).name)
        assert conda[OTHER_NAMES.get(name, name)] == f"={pins[name]}"


def test_pythons(root: Path, project: dict[str, Any], conda: dict[str, str]) -> None:
    oldest = project["requires-python"].removeprefix(">=")
    assert f"Python {oldest} to 3.13 will do" in (root / "README.md").read_text(encoding="utf-8")
    assert f"3.{sys.version_info.minor}.{sys.version_info.micro}" in SpecifierSet(f">={oldest}")
    assert conda["python"] == "=3.11"


def test_quarto_of_the_readme_conda_the_book_and_the_code(
    root: Path, conda: dict[str, str]
) -> None:
    from qmdbook.quarto import MINIMUM, NEEDED

    number = ".".join(map(str, MINIMUM))
    assert conda["quarto"] == f">={number}"
    assert f"Quarto {number} or newer" == NEEDED
    for name, text in (("README.md", NEEDED), ("_quarto.yml", f'quarto-required: ">={number}"')):
        assert text in (root / name).read_text(encoding="utf-8")
