from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from hw1lib import results as module
from hw1lib.cifar10 import Cifar10
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from hw1lib.results import FILES, SUMMARY, load_results, save_results
from hw1lib.training import Run, standardise


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the committed results."""
    target = tmp_path / "results"
    target.mkdir()
    for name in (*FILES, SUMMARY):
        shutil.copy(root / "results" / name, target / name)
    return target


def test_committed_results_are_the_homeworks_on_all_images(root: Path) -> None:
    results = load_results(root / "results")
    assert results.summary["data"]["train_images"] == 50_000
    assert results.summary["data"]["test_images"] == 10_000
    assert results.summary["flattened"]
    assert results.summary["parameters"] == 304_202
    assert len(results.history) == results.summary["epochs"] < Homework().max_epochs
    assert 0.40 < results.summary["test_accuracy"] < 0.46
    assert results.net(Homework())(torch.zeros(1, 1024)).shape == (1, 10)
    assert sum(path.stat().st_size for path in (root / "results").glob("*.*")) < 3_000_000


@pytest.mark.parametrize("name", [*FILES, SUMMARY])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing: run `hw1 train`"):
        load_results(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_named(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name} is not what the run wrote: run `hw1 train`"):
        load_results(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_summary_is_named(folder: Path, content: str) -> None:
    (folder / SUMMARY).write_text(content)
    with pytest.raises(InputError, match=r"summary\.json is damaged: run `hw1 train`"):
        load_results(folder)


def test_another_config_is_stale(folder: Path) -> None:
    with pytest.raises(
        InputError, match=r"learning_rate is 0\.01, the homework's is 0\.1; run `hw1 train`"
    ):
        load_results(folder, Homework(learning_rate=0.1))


def test_other_training_code_is_stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "training_code_digest", lambda: "other")
    with pytest.raises(InputError, match="other training code than this; run `hw1 train`"):
        load_results(folder)


def test_old_results_stay_whole_when_writing_fails(
    folder: Path, tiny: Cifar10, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    run = Run(Homework(max_epochs=1), 0, torch.device("cpu"))
    list(run.epochs(*standardise(tiny, torch.device("cpu"))))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "save_file", full)
    with pytest.raises(InputError, match="No space left on device"):
        save_results(folder, run, 0, tiny)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_summary_says_where_the_numbers_come_from(root: Path) -> None:
    summary = json.loads((root / "results" / SUMMARY).read_text())
    assert {"data", "seed", "device", "threads", "seconds", "date", "versions"} <= summary.keys()
    assert {"python", "torch", "torchvision", "hw1lib"} == summary["versions"].keys()
    assert len(summary["data"]["digest"]) == 64
