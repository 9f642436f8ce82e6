from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hw1lib.cifar.data import load_cifar10
from hw1lib.cifar.experiment import Job, choose_device, only_run_in, torch_threads, train
from hw1lib.cifar.manifest import MANIFEST
from hw1lib.cifar.results import FILES, history_table, load_results, weights_digest
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
    """Both runs of a seed, one of them from a checkpoint: the same bits as here at one go."""
    splits, runs = standardise(load_cifar10(tree), CPU), {}
    with torch_threads(1):
        for held_out in (False, True):
            run = runs[held_out] = Run(SHORT, 3, CPU, held_out)
            while not run.finished:
                run.next_epoch(*splits)
                if held_out and len(run.history) == 2:
                    stopped = job(tree, tmp_path, 3, held_out)
                    save_checkpoint(stopped.checkpoint, run, stopped.identity)
    train(SHORT, [3], tree, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, MANIFEST, ".lock"}
    results = load_results(tmp_path, SHORT)
    for run, found in ((runs[False], results.history), (runs[True], results.held_out)):
        wanted = history_table({3: run})
        assert list(found.columns) == list(wanted.columns)
        assert found.drop(columns="seconds").equals(wanted.drop(columns="seconds"))
    (recorded,) = results.summary["runs"]
    assert recorded["weights"] == weights_digest(runs[False].net)
    assert recorded["test_loss"] == runs[False].history[-1]["test_loss"]
    said = capsys.readouterr().out
    assert "Resuming after 2 epochs" in said
    assert "seed-3           epoch   3" in said
    assert "held-out-seed-3  epoch   3" in said
    assert "held-out-seed-3  epoch   2" not in said


def test_a_checkpoint_of_other_numbers_is_passed_over(tree: Path, tmp_path: Path) -> None:
    ours = job(tree, tmp_path)
    run = ours.load()
    run.next_epoch(*standardise(load_cifar10(tree), CPU))
    save_checkpoint(ours.checkpoint, run, ours.identity)
    assert ours.load().history == run.history
    other = replace(SHORT, learning_rate=0.1)
    for change in ({"homework": other}, {"pixels": "other"}, {"threads": 2}):
        assert replace(ours, **change).load().history == []


def test_asks_for_a_smaller_rate_when_training_diverges(tree: Path, tmp_path: Path) -> None:
    cure = r"seed-\d: .*after epoch 1: choose a smaller learning rate"
    with pytest.raises(InputError, match=cure):
        train(Homework(learning_rate=1e30, held_out=20), [0], tree, tmp_path)


def test_a_second_run_in_the_same_folder_is_refused(tree: Path, tmp_path: Path) -> None:
    with only_run_in(tmp_path), pytest.raises(InputError, match="Another run is at work in"):
        train(SHORT, [0], tree, tmp_path)


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint-seed-0.safetensors.abc.part").write_bytes(b"half")
    (tmp_path / "checkpoint-seed-0.safetensors").write_bytes(b"kept")
    with only_run_in(tmp_path):
        pass
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"checkpoint-seed-0.safetensors", ".lock"}


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == "cpu"
    with pytest.raises(InputError, match="no CUDA device"):
        choose_device("cuda")
