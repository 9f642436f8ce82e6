from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from hw1lib.cifar.results import load_results
from hw1lib.cifar.verify import SAME_PIXELS, compare
from hw1lib.cli import main


@pytest.fixture
def history(root: Path) -> pd.DataFrame:
    return load_results(root / "results").history


def test_the_same_figures_are_identical(history: pd.DataFrame) -> None:
    other = history.assign(seconds=1.0)
    for part in (other, other[other["epoch"] <= 3]):
        verification = compare(part, history, SAME_PIXELS)
        assert verification.identical
        assert verification.differences == []
        assert verification.epochs == len(part)
        assert verification.as_text().endswith("all figures are identical.")


def test_a_small_difference_is_within_the_tolerances(history: pd.DataFrame) -> None:
    other = history.assign(test_loss=history["test_loss"] + 0.009)
    verification = compare(other, history, SAME_PIXELS)
    assert not verification.identical
    assert verification.differences == []
    assert "within the tolerances" in verification.as_text()


def test_an_early_difference_is_named(history: pd.DataFrame) -> None:
    other = history.copy()
    other.loc[(other["seed"] == 1) & (other["epoch"] == 2), "train_accuracy"] += 0.02
    (difference,) = compare(other, history, SAME_PIXELS).differences
    assert difference.startswith("seed 1, epoch 2: train_accuracy is 0.3")


def test_the_spikes_of_late_epochs_may_come_at_other_epochs(history: pd.DataFrame) -> None:
    other = history.copy()
    other.loc[other["epoch"] == 80, "train_loss"] += 3.0
    assert compare(other, history, SAME_PIXELS).differences == []


def test_another_end_is_named(history: pd.DataFrame) -> None:
    other = history.copy()
    other.loc[other["epoch"] > 100, "test_accuracy"] -= 0.05
    (difference,) = compare(other, history, SAME_PIXELS).differences
    assert difference.startswith("final test_accuracy, mean over the seeds: 0.3")
    assert compare(other[other["epoch"] < 100], history, SAME_PIXELS).differences == []


@pytest.mark.images
def test_two_epochs_on_the_real_images_agree(
    root: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--data-dir", str(images), "--epochs", "2", "--device", "cpu"]) == 0
    assert "10 epochs compared" in capsys.readouterr().out


def test_other_images_give_exit_code_1(
    root: Path, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(root / "results", tmp_path / "results")
    where = ["--data-dir", str(tree), "--results-dir", str(tmp_path / "results")]
    assert main(["verify", *where, "--epochs", "1", "--device", "cpu"]) == 1
    assert "seed 0, epoch 1: train_loss is 2.3" in capsys.readouterr().out
