"""What several test modules share."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from hw1lib.cifar.data import Cifar10
from qmdbook.render import Outputs, render
from trainings import banded

settings.register_profile("any machine", deadline=None)  # how long one takes says nothing
settings.load_profile("any machine")
torch.set_num_threads(1)  # other tests run on the other cores,
os.environ["OMP_NUM_THREADS"] = "1"  # and kernels that fight for all of them take thrice the time

# Ctrl-C stops what tests start, even if they run in the background, where shells ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

BuildOnce = Callable[[str, Callable[[Path], Outputs]], Outputs]
ROOT = Path(__file__).resolve().parents[1]
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(autouse=True)
def torch_as_it_was() -> Iterator[None]:
    """Undoes what a chapter's cells set for all of torch."""
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def build_once(tmp_path_factory: pytest.TempPathFactory) -> BuildOnce:
    """Builds a book in a folder that all worker processes of a test run share, only once."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def build(name: str, make: Callable[[Path], Outputs]) -> Outputs:
        folder = shared / name
        record = folder / "outputs.json"
        with FileLock(shared / f"{name}.lock"):
            if not record.exists():
                folder.mkdir()
                record.write_text(json.dumps(asdict(make(folder)), default=str))
        made = json.loads(record.read_text())
        notebooks = tuple(map(Path, made["notebooks"]))
        return Outputs(Path(made["site"]), Path(made["pdf"]), notebooks)

    return build


@pytest.fixture(scope="session")
def built(root: Path, build_once: BuildOnce) -> Outputs:
    """The whole book, built by pandoc."""
    return build_once("whole book", lambda folder: render(root, folder / "_book", "pandoc"))


@pytest.fixture(scope="session")
def built_by_quarto(root: Path, build_once: BuildOnce) -> Outputs:
    """The whole book, built by Quarto from a copy, since it writes beside the chapters."""

    def make(folder: Path) -> Outputs:
        others = shutil.ignore_patterns(".*", "_book*", "submission", "data", "node_modules")
        shutil.copytree(root, folder / "book", ignore=others)
        return render(folder / "book", folder / "_book", "quarto")

    return build_once("whole book by Quarto", make)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need what this machine lacks are skipped, and say what they need."""
    from qmdbook.quarto import find_quarto

    reasons = {
        "images": None if os.environ.get("HW1_DATA") else "HW1_DATA names no CIFAR-10 images",
        "quarto": find_quarto().problem,
        "browser": None if shutil.which("chromium") else "chromium is not installed",
        "node": None if shutil.which("node") else "Node is not installed",
    }
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def images() -> Path:
    """The real CIFAR-10 images."""
    return Path(os.environ["HW1_DATA"])


@pytest.fixture
def tiny() -> Cifar10:
    """A small set of images that a net can learn."""
    return banded()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium; what a test builds must be built before it has its event loop."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(QUIET)
        )
        yield running
        running.close()
