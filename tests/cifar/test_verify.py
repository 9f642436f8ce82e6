from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hw1lib.cifar import verify as module
from hw1lib.cifar.data import load_cifar10
from hw1lib.cifar.results import load_results
from hw1lib.cifar.run import Run
from hw1lib.cifar.verify import ALLOWED, Verification, compare, unequal_ends, unequal_epochs, verify
from hw1lib.cli import main
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from trainings import write_results, write_tree

SHORT = Homework(max_epochs=2, held_out=20)


@pytest.fixture
def trained(tree: Path, tmp_path: Path) -> dict[int, Run]:
    """Two seeds' runs of two epochs on a small set of images, saved in `tmp_path`."""
    runs = write_results(tmp_path, load_cifar10(tree), SHORT, (0, 1))
    return {seed: runs[False, seed] for seed in (0, 1)}


def test_a_repetition_is_identical(tree: Path, trained: dict[int, Run], tmp_path: Path) -> None:
    verification = verify(tree, tmp_path, homework=SHORT)
    compared = "4 epochs of 2 seeds, their final weights and 80 predictions"
    assert verification == Verification(compared, True, [])
    assert verification.as_text() == f"Compared {compared}: all identical, bit for bit."
    assert not (tmp_path / ".verify").exists()
    results = load_results(tmp_path, SHORT)
    for run in trained.values():
        run.history.pop()
    verification = compare(trained, results, load_cifar10(tree))
    assert verification == Verification("2 epochs of 2 seeds", True, [])


def test_the_same_machine_must_give_every_bit_and_another_one_need_not(
    tree: Path, trained: dict[int, Run], tmp_path: Path
) -> None:
    results, data = load_results(tmp_path, SHORT), load_cifar10(tree)
    results.history.loc[1, "test_loss"] += 1e-9
    results.predictions.confidence[0, 0] += 1e-3
    results.summary["runs"][1]["weights"] = "other"
    assert [text[:28] for text in compare(trained, results, data).differences] == [
        "test_loss of seed 0, epoch 2",
        "seed 1: the final weights ar",
        "1 predictions are not the re",
    ]
    results.summary["processor"] = "another"
    verification = compare(trained, results, data)
    assert (verification.identical, verification.differences) == (False, [])
    assert verification.as_text().endswith("not identical, but within the tolerances.")


def test_other_images_are_refused(trained: dict[int, Run], tmp_path: Path) -> None:
    other = write_tree(tmp_path / "other", per_class=2)
    with pytest.raises(InputError, match=r"are not those of .* which come from"):
        verify(other, tmp_path, homework=SHORT)


def test_tolerances_of_the_early_epochs_and_of_the_end(root: Path) -> None:
    history = load_results(root / "results").history
    other = history.copy()
    other["test_loss"] += 0.009
    assert unequal_epochs(other, history, ALLOWED) == []
    other.loc[(other["seed"] == 1) & (other["epoch"] == 2), "train_accuracy"] += 0.02
    (difference,) = unequal_epochs(other, history, ALLOWED)
    assert difference.startswith("train_accuracy of seed 1, epoch 2: 0.3")
    other = history.copy()
    other["test_accuracy"] -= 0.01
    assert unequal_ends(other, history) == []
    other["test_accuracy"] -= 0.04
    (difference,) = unequal_ends(other, history)
    assert difference.startswith("final test_accuracy, mean over the seeds: 0.3")


def test_the_spikes_of_another_machine_may_come_at_other_epochs(
    tree: Path, trained: dict[int, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, data = load_results(tmp_path, SHORT), load_cifar10(tree)
    results.summary["processor"] = "another"
    results.history.loc[results.history["epoch"] == 2, "test_loss"] += 0.1
    assert len(compare(trained, results, data).differences) == 1
    monkeypatch.setattr(module, "EARLY", 1)
    verification = compare(trained, results, data)
    assert (verification.identical, verification.differences) == (False, [])


@pytest.mark.slow
@pytest.mark.images
def test_an_epoch_on_the_real_images_agrees(
    images: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = shutil.copytree(root / "results", tmp_path / "results")
    options = ["--data-dir", str(images), "--results-dir", str(results), "--device", "cpu"]
    assert main(["verify", *options, "--epochs", "1"]) == 0
    assert "Compared 5 epochs of 5 seeds" in capsys.readouterr().out
