"""The environment: every package pinned, and the same versions wherever they are named."""

from __future__ import annotations

import ast
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
from packaging.utils import canonicalize_name

LOCKED = (3, 11)  # the Python that constraints.txt is for
OTHER_NAMES = {"torch": "pytorch"}  # of conda-forge


def pins(root: Path) -> dict[str, str]:
    """The versions in constraints.txt; every line of it is one."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs)
    names = [canonicalize_name(name) for name, _ in pairs]
    assert len(set(names)) == len(names)
    return dict(zip(names, (number for _, number in pairs), strict=True))


def installed_with(texts: list[str]) -> set[str]:
    """All that installing these requirements brings with it here."""
    found: set[tuple[str, frozenset[str]]] = set()
    todo = [(text, frozenset[str]()) for text in texts]
    while todo:
        text, extras = todo.pop()
        needed = Requirement(text)
        marker = needed.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            continue
        here = (str(canonicalize_name(needed.name)), frozenset(needed.extras))
        if here not in found:
            found.add(here)
            todo += [(below, here[1]) for below in distribution(here[0]).requires or []]
    return {name for name, _ in found}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    """pyproject.toml."""
    with (root / "pyproject.toml").open("rb") as file:
        return dict(tomllib.load(file))


@pytest.fixture(scope="module")
def conda(root: Path) -> dict[str, str]:
    """The packages of environment.yml with what it says of their versions."""
    listed = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pairs = (re.match(r"([\w-]+)(.*)", item) for item in listed if isinstance(item, str))
    return {pair[1]: pair[2] for pair in pairs if pair}


@pytest.fixture(scope="module")
def asked(project: dict[str, Any]) -> list[str]:
    """What pyproject.toml asks for, for running and for testing."""
    own = project["project"]
    extras = own["optional-dependencies"]
    listed = [*own["dependencies"], *extras["book"], *extras["test"]]
    return [text for text in listed if not text.startswith(own["name"])]


@pytest.mark.skipif(sys.version_info[:2] != LOCKED, reason="constraints.txt is for Python 3.11")
def test_exactly_what_is_needed_is_pinned_to_what_is_installed(
    root: Path, asked: list[str]
) -> None:
    wanted = installed_with(asked)
    if sys.platform != "linux" or any(name.startswith("nvidia-") for name in wanted):
        pytest.skip("constraints.txt is for Linux with a CPU build of PyTorch")
    numbers = {name: version(name).partition("+")[0] for name in wanted}
    assert pins(root) == numbers
    assert len(numbers) > 70


def test_the_pins_fit_what_the_project_asks_for(root: Path, asked: list[str]) -> None:
    listed = pins(root)
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(listed[canonicalize_name(requirement.name)])


def test_conda_has_the_same_versions(
    root: Path, project: dict[str, Any], conda: dict[str, str]
) -> None:
    """Of all that computing needs; pip brings what only building the book needs."""
    listed = pins(root)
    for requirement in map(Requirement, project["project"]["dependencies"]):
        name = canonicalize_name(requirement.name)
        assert conda[OTHER_NAMES.get(name, name)] == f"={listed[name]}"
    assert conda["python"] == "=" + ".".join(map(str, LOCKED))
    assert "--editable .[book]" in (root / "environment.yml").read_text(encoding="utf-8")


def test_quarto_of_the_readme_conda_the_book_and_the_code(
    root: Path, conda: dict[str, str]
) -> None:
    from qmdbook.quarto import MINIMUM, NEEDED

    number = ".".join(map(str, MINIMUM))
    assert conda["quarto"] == f">={number}"
    assert f"Quarto {number} or newer" == NEEDED
    for name, text in (("README.md", NEEDED), ("_quarto.yml", f'quarto-required: ">={number}"')):
        assert text in (root / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("minor", [11, 13])
def test_all_code_is_python_that_is_supported(root: Path, minor: int) -> None:
    for path in [*(root / "src").rglob("*.py"), *(root / "tests").rglob("*.py")]:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, minor))


UNUSED_OPERATORS = """
import torch
from hw1lib.cifar.torchvision_import import import_torchvision
torchvision = import_torchvision()
from torchvision.datasets import CIFAR10, ImageFolder
from torchvision.transforms import Compose, Grayscale, ToTensor
from PIL import Image
image = Image.new("RGB", (32, 32), (10, 200, 30))
pixels = Compose([Grayscale(), ToTensor()])(image)
assert pixels.shape == (1, 32, 32)
assert abs(float(pixels[0, 0, 0]) * 255 - (0.299 * 10 + 0.587 * 200 + 0.114 * 30)) < 1
try:
    torch.ops.torchvision.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
except (NotImplementedError, RuntimeError):
    print("builds differ")
else:
    print("builds match")
"""


def test_torchvision_works_beside_a_torch_of_another_build() -> None:
    """All that the project uses of it does, also where its compiled part does not load."""
    done = subprocess.run([sys.executable, "-c", UNUSED_OPERATORS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {"builds differ", "builds match"}
    assert done.stderr == ""
