from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hw1lib.cifar import verify as module
from hw1lib.cifar.experiment import train
from hw1lib.cifar.results import load_results
from hw1lib.cifar.verify import Verification, beyond_tolerances, verify
from hw1lib.cli import main
from hw1lib.errors import InputError
from hw1lib.homework import Homework

SHORT = Homework(max_epochs=2, held_out=20)


@pytest.fixture
def history(root: Path) -> pd.DataFrame:
    return load_results(root / "results").history


@pytest.fixture(scope="module")
def trained(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of two epochs on a small set of images."""
    folder = tmp_path_factory.mktemp("results")
    train(SHORT, [0, 1], tree, folder)
    return folder


@pytest.mark.parametrize(
    ("epochs", "compared"),
    [
        (None, "4 epochs of 2 seeds, their final weights and 80 predictions"),
        (1, "2 epochs of 2 seeds"),
    ],
)
def test_a_repetition_is_identical(
    tree: Path, trained: Path, epochs: int | None, compared: str
) -> None:
    verification = verify(tree, trained, epochs, homework=SHORT)
    assert verification == Verification(compared, True, [])
    assert verification.as_text() == f"Compared {compared}: all identical, bit for bit."
    assert not (trained / ".verify").exists()


def test_the_same_machine_must_give_every_bit_and_another_one_need_not(
    tree: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = load_results(trained, SHORT)
    results.history.loc[1, "test_loss"] += 1e-9
    results.predictions.confidence[0, 0] += 1e-3
    results.summary["runs"][1]["weights"] = "other"
    monkeypatch.setattr(module, "load_results", lambda *_: results)
    verification = verify(tree, trained, homework=SHORT)
    assert [text[:30] for text in verification.differences] == [
        "seed 0, epoch 2: test_loss is ",
        "seed 1: the final weights are ",
        "1 predictions are not the reco",
    ]
    results.summary["processor"] = "another"
    verification = verify(tree, trained, homework=SHORT)
    assert (verification.identical, verification.differences) == (False, [])
    assert verification.as_text().endswith("not identical, but within the tolerances.")


def test_other_images_are_refused(
    trained: Path, tmp_path: Path, write_tree: Callable[..., Path]
) -> None:
    other = write_tree(tmp_path / "other", per_class=2)
    with pytest.raises(InputError, match=r"are not those of .*results.* which come from"):
        verify(other, trained, homework=SHORT)


def test_an_early_difference_is_named(history: pd.DataFrame) -> None:
    other = history.copy()
    other["test_loss"] += 0.009
    assert beyond_tolerances(other, history, whole=True) == []
    other.loc[(other["seed"] == 1) & (other["epoch"] == 2), "train_accuracy"] += 0.02
    (difference,) = beyond_tolerances(other, history, whole=True)
    assert difference.startswith("seed 1, epoch 2: train_accuracy is 0.3")


def test_the_spikes_of_late_epochs_may_come_at_other_epochs(history: pd.DataFrame) -> None:
    other = history.copy()
    other.loc[other["epoch"] == 80, "train_loss"] += 3.0
    assert beyond_tolerances(other, history, whole=True) == []


def test_another_end_is_named(history: pd.DataFrame) -> None:
    other = history.copy()
    other.loc[other["epoch"] > 100, "test_accuracy"] -= 0.05
    (difference,) = beyond_tolerances(other, history, whole=True)
    assert difference.startswith("final test_accuracy, mean over the seeds: 0.3")
    assert beyond_tolerances(other[other["epoch"] < 100], history, whole=False) == []


@pytest.mark.images
def test_an_epoch_on_the_real_images_agrees(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--data-dir", str(images), "--epochs", "1", "--device", "cpu"]) == 0
    assert "Compared 5 epochs of 5 seeds" in capsys.readouterr().out
