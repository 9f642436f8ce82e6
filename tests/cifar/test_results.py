from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from hw1lib.cifar.fingerprint import tensors_digest

from hw1lib.cifar import results as module
from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.results import FILES, SUMMARY, WEIGHTS, load_results, save_results
from hw1lib.cifar.sgd import Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework

CPU = torch.device("cpu")
ALL = (*FILES, SUMMARY)


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the committed results."""
    target = tmp_path / "results"
    target.mkdir()
    for name in ALL:
        shutil.copy(root / "results" / name, target / name)
    return target


def test_committed_results_are_the_homeworks_on_all_images(root: Path) -> None:
    results = load_results(root / "results")
    assert results.summary["data"]["train_images"] == 50_000
    assert results.summary["data"]["test_images"] == 10_000
    assert results.summary["parameters"] == 304_202
    assert [run["seed"] for run in results.summary["runs"]] == [0, 1, 2, 3, 4]
    assert all(run["flattened"] for run in results.summary["runs"])
    assert results.final["test_accuracy"].between(0.40, 0.46).all()
    assert results.net(Homework())(torch.zeros(1, 1024)).shape == (1, 10)
    assert sum(path.stat().st_size for path in (root / "results").glob("*.*")) < 3_000_000


def test_the_committed_files_belong_together(root: Path) -> None:
    """Every figure that two of them hold is the same in both."""
    results = load_results(root / "results")
    for run in results.summary["runs"]:
        row = results.final.loc[run["seed"]]
        assert {key: run[key] for key in row.index if key in run} == {
            key: row[key] for key in row.index if key in run
        }
    assert tensors_digest(results.weights) == results.summary["runs"][0]["weights"]
    right = results.predictions.predicted == results.predictions.labels
    accuracy = right.double().mean(dim=1).tolist()
    assert accuracy == pytest.approx(results.final["test_accuracy"].tolist(), abs=1e-12)
    assert (results.early_stopped["epoch"] < results.final["epoch"]).all()


@pytest.mark.parametrize("name", ALL)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing: run `hw1 train`"):
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


def test_what_is_saved_is_loaded(tiny: Cifar10, tmp_path: Path) -> None:
    homework = Homework(max_epochs=2, held_out=50)
    runs = {(held_out, 7): Run(homework, 7, CPU, held_out) for held_out in (False, True)}
    for run in runs.values():
        while not run.finished:
            run.next_epoch(*standardise(tiny, CPU))
    save_results(tmp_path, runs, tiny, threads=1)
    results = load_results(tmp_path, homework)
    history = [{**row, "seed": 7} for row in runs[False, 7].history]
    assert results.history.to_dict("records") == history
    assert results.final.loc[7, "test_loss"] == history[-1]["test_loss"]
    assert set(results.held_out.columns) - set(results.history.columns) == {
        "validation_loss",
        "validation_accuracy",
    }
    assert tensors_digest(results.weights) == tensors_digest(runs[False, 7].net.state_dict())


def test_summary_says_where_the_numbers_come_from(root: Path) -> None:
    summary = json.loads((root / "results" / SUMMARY).read_text())
    assert {"data", "runs", "device", "threads", "seconds", "date", "versions"} <= summary.keys()
    assert {"python", "torch", "torchvision", "hw1lib"} == summary["versions"].keys()
    assert len(summary["data"]["digest"]) == 64
    assert summary["files"].keys() == set(FILES)
    assert summary["files"][WEIGHTS]["bytes"] == (root / "results" / WEIGHTS).stat().st_size
