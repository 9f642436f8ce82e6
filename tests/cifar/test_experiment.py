from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hw1lib.cifar.data import load_cifar10
from hw1lib.cifar.experiment import Job, choose_device, describe, only_run_in, torch_threads, train
from hw1lib.cifar.results import FILES, MANIFEST, history_table, load_results, weights_digest
from hw1lib.cifar.run import Run, save_checkpoint, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework

CPU = torch.device("cpu")
SHORT = Homework(max_epochs=3, held_out=20)


def job(tree: Path, results: Path, seed: int = 0, held_out: bool = False) -> Job:
    return Job(seed, held_out, SHORT, tree, load_cifar10(tree).digest(), results)


def test_processes_resume_and_train_what_one_process_would(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two seeds, one of them from a checkpoint: the same bits as in this process at one go."""
    splits = standardise(load_cifar10(tree), CPU)
    runs = {}
    with torch_threads(1):
        for held_out in (False, True):
            for seed in (0, 3):
                run = runs[held_out, seed] = Run(SHORT, seed, CPU, held_out)
                while not run.finished:
                    run.next_epoch(*splits)
                    if (held_out, seed) == (True, 3) and len(run.history) == 2:
                        stopped = job(tree, tmp_path, seed, held_out)
                        save_checkpoint(stopped.checkpoint, run, stopped.identity)
    train(SHORT, [0, 3], tree, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, MANIFEST, ".lock"}
    results = load_results(tmp_path, SHORT)
    for held_out, found in ((False, results.history), (True, results.held_out)):
        wanted = history_table({seed: runs[held_out, seed] for seed in (0, 3)})
        assert list(found.columns) == list(wanted.columns)
        assert found.drop(columns="seconds").equals(wanted.drop(columns="seconds"))
    for recorded in results.summary["runs"]:
        run = runs[False, recorded["seed"]]
        assert recorded["weights"] == weights_digest(run.net)
        assert recorded["test_loss"] == run.history[-1]["test_loss"]
    said = capsys.readouterr().out
    assert "Resuming after 2 epochs" in said
    assert "seed-3           epoch   3" in said
    assert "held-out-seed-0  epoch   1" in said
    assert "held-out-seed-3  epoch   2" not in said


def test_a_checkpoint_of_other_numbers_is_passed_over(tree: Path, tmp_path: Path) -> None:
    ours = job(tree, tmp_path)
    run = ours.load()
    run.next_epoch(*standardise(load_cifar10(tree), CPU))
    save_checkpoint(ours.checkpoint, run, ours.identity)
    assert ours.load().history == run.history
    for change in (
        {"homework": replace(SHORT, learning_rate=0.1)},
        {"pixels": "other"},
        {"threads": 2},
    ):
        assert replace(ours, **change).load().history == []


def test_asks_for_a_smaller_rate_when_training_diverges(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"seed-\d: .*after epoch 1: choose a smaller learning rate"
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
