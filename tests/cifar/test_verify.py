from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hw1lib.cifar import verify as module
from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.results import Results, load_results
from hw1lib.cifar.verify import ALLOWED, Verification, compare, unequal_ends, unequal_epochs, verify
from hw1lib.cli import main
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from trainings import banded, write_results

SHORT = Homework(max_epochs=2, held_out=20)


@pytest.fixture
def trained(tiny: Cifar10, tmp_path: Path) -> Results:
    """Two seeds of two epochs on a small set of images, saved in `tmp_path`."""
    write_results(tmp_path, tiny, SHORT, (0, 1))
    return load_results(tmp_path, SHORT)


@pytest.mark.usefixtures("trained")
def test_a_repetition_is_identical(tiny: Cifar10, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    verification = verify(tiny, tmp_path, homework=SHORT)
    compared = "8 epochs of 2 seeds, their final weights and 100 predictions"
    assert verification == Verification(compared, True, [])
    assert verification.as_text() == f"Compared {compared}: all identical, bit for bit."
    assert verify(tiny, tmp_path, 1, SHORT) == Verification("4 epochs of 2 seeds", True, [])
    assert sorted(tmp_path.iterdir()) == before


def test_the_same_machine_must_give_every_bit_and_another_one_need_not(
    trained: Results, tmp_path: Path
) -> None:
    recorded = load_results(tmp_path, SHORT)
    recorded.history.loc[1, "test_loss"] += 1e-9
    recorded.held_out.loc[2, "validation_loss"] += 1e-9
    recorded.predictions.confidence[0, 0] += 1e-3
    recorded.summary["runs"][1]["weights"] = "other"
    texts = compare(trained, recorded).differences
    starts = (
        "test_loss of seed 0, epoch 2",
        "validation_loss of held-out seed 1, epoch 1",
        "seed 1: the final weights are not",
        "1 predictions are not the recorded",
    )
    assert all(text.startswith(start) for text, start in zip(texts, starts, strict=True))
    recorded.summary["processor"] = "another"
    verification = compare(trained, recorded)
    assert (verification.identical, verification.differences) == (False, [])
    assert verification.as_text().endswith("not identical, but within the tolerances.")


@pytest.mark.usefixtures("trained")
def test_other_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"are not those of .* which come from"):
        verify(banded(100), tmp_path, homework=SHORT)


def test_tolerances_of_the_early_epochs_and_of_the_end(root: Path) -> None:
    recorded = load_results(root / "results")
    history = recorded.history
    other = history.copy()
    other["test_loss"] += 0.009
    ours = replace(recorded, history=other)
    assert unequal_epochs(ours, recorded, ALLOWED) == []
    other.loc[(other["seed"] == 1) & (other["epoch"] == 2), "train_accuracy"] += 0.02
    (difference,) = unequal_epochs(ours, recorded, ALLOWED)
    assert difference.startswith("train_accuracy of seed 1, epoch 2: 0.3")
    other = history.copy()
    other["test_accuracy"] -= 0.01
    assert unequal_ends(other, history) == []
    other["test_accuracy"] -= 0.04
    (difference,) = unequal_ends(other, history)
    assert difference.startswith("final test_accuracy, mean over the seeds: 0.3")


def test_the_spikes_of_another_machine_may_come_at_other_epochs(
    trained: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = load_results(tmp_path, SHORT)
    recorded.summary["processor"] = "another"
    recorded.history.loc[recorded.history["epoch"] == 2, "test_loss"] += 0.1
    assert len(compare(trained, recorded).differences) == 1
    monkeypatch.setattr(module, "EARLY", 1)
    verification = compare(trained, recorded)
    assert (verification.identical, verification.differences) == (False, [])


@pytest.mark.slow
@pytest.mark.images
def test_an_epoch_on_the_real_images_agrees(
    images: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = shutil.copytree(root / "results", tmp_path / "results")
    options = ["--data-dir", str(images), "--results-dir", str(results)]
    assert main(["verify", *options, "--epochs", "1"]) == 0
    assert "Compared 10 epochs of 5 seeds" in capsys.readouterr().out
