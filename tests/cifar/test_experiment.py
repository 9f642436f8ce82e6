from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from hw1lib.cifar.data import load_cifar10
from hw1lib.cifar.experiment import (
    Setting,
    advance,
    choose_device,
    describe,
    load_run,
    only_run_in,
    train,
)
from hw1lib.cifar.results import FILES, SUMMARY, load_results
from hw1lib.errors import InputError
from hw1lib.homework import Homework

SHORT = Homework(max_epochs=3, held_out=20)


def setting(tree: Path, results: Path, homework: Homework = SHORT) -> Setting:
    return Setting(homework, tree, load_cifar10(tree).digest(), results)


def test_writes_results_that_load(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(SHORT, [0, 3], tree, tmp_path / "results")
    left = {path.name for path in (tmp_path / "results").iterdir()}
    assert left == {*FILES, SUMMARY, ".lock"}
    results = load_results(tmp_path / "results", SHORT)
    assert results.history.groupby("seed")["epoch"].apply(list).to_dict() == {
        0: [1, 2, 3],
        3: [1, 2, 3],
    }
    assert list(results.held_out.columns) == [
        "seed", "epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
        "test_loss", "test_accuracy", "seconds",
    ]  # fmt: skip
    runs = results.summary["runs"]
    assert [run["seed"] for run in runs] == [0, 3]
    assert [run["test_loss"] for run in runs] == results.final["test_loss"].tolist()
    assert results.summary["data"]["train_images"] == 40
    said = capsys.readouterr().out
    assert "seed-3           epoch   3" in said
    assert "held-out-seed-0  epoch   1" in said


def test_epochs_from_checkpoint_to_checkpoint_are_those_of_one_run(
    tree: Path, tmp_path: Path
) -> None:
    """Side by side in processes, and one after another in this one: the same bits."""
    train(SHORT, [0, 1], tree, tmp_path / "processes")
    here = setting(tree, tmp_path / "here")
    jobs = here.jobs([0, 1])
    for job in jobs:
        while advance(job) is not None:
            pass
    results = load_results(tmp_path / "processes", SHORT)
    for job in jobs:
        committed = results.held_out if job.held_out else results.history
        wanted = committed[committed["seed"] == job.seed].drop(columns=["seed", "seconds"])
        ours = pd.DataFrame(load_run(job).history).drop(columns="seconds")
        assert ours.to_numpy().tolist() == wanted.to_numpy().tolist()
    first = load_run(jobs[0]).net.state_dict()
    assert all(torch.equal(first[name], value) for name, value in results.weights.items())


def test_a_finished_job_does_nothing_more(tree: Path, tmp_path: Path) -> None:
    job = setting(tree, tmp_path, replace(SHORT, max_epochs=1)).jobs([0])[0]
    assert advance(job) is not None
    assert advance(job) is None


def test_a_checkpoint_of_other_numbers_is_passed_over(tree: Path, tmp_path: Path) -> None:
    job = setting(tree, tmp_path).jobs([0])[0]
    advance(job)
    other = replace(job, setting=replace(job.setting, homework=replace(SHORT, learning_rate=0.1)))
    assert len(load_run(job).history) == 1
    assert load_run(other).history == []


def test_asks_for_a_smaller_rate_when_training_diverges(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"seed-0: .*in epoch 1 .*step 1\. .*smaller learning rate"
    ):
        train(Homework(learning_rate=1e30, held_out=20), [0], tree, tmp_path)


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        only_run_in(tmp_path),
        pytest.raises(InputError, match="Another run is at work"),
        only_run_in(tmp_path),
    ):
        pass
    with only_run_in(tmp_path):
        pass


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint-seed-0.safetensors.abc").write_bytes(b"half")
    (tmp_path / ".new-xyz").mkdir()
    (tmp_path / "checkpoint-seed-0.safetensors").write_bytes(b"kept")
    with only_run_in(tmp_path):
        left = {path.name for path in tmp_path.iterdir()}
    assert left == {"checkpoint-seed-0.safetensors", ".lock"}


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == "cpu"
    with pytest.raises(InputError, match="no CUDA device"):
        choose_device("cuda")


def test_the_log_names_every_set() -> None:
    row = {
        "epoch": 7.0, "train_loss": 1.0, "train_accuracy": 0.5, "validation_loss": 2.0,
        "validation_accuracy": 0.25, "seconds": 1.5,
    }  # fmt: skip
    assert describe(row) == "epoch   7  train 1.0000 50.00%  validation 2.0000 25.00%  1.5 s"
