from __future__ import annotations

import json
import random
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hw1lib.cifar import experiment
from hw1lib.cifar.data import Cifar10, standardise
from hw1lib.cifar.experiment import Job, only_run_in, torch_threads, train
from hw1lib.cifar.results import (
    FILES,
    SUMMARY,
    SUMS,
    history_table,
    load_results,
    weights_digest,
)
from hw1lib.cifar.training import Run
from hw1lib.errors import InputError
from hw1lib.homework import SEEDS, Homework
from trainings import write_results

SHORT = Homework(max_epochs=3, held_out=20)
SMALL = Homework(hidden_sizes=(4,))
SETTING = {"learning_rate": 0.01, "torch": "2.0"}


def test_processes_resume_and_train_what_one_process_would(
    tiny: Cifar10,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both runs of a seed, one of them from a checkpoint: the same bits as here at one go."""
    monkeypatch.setattr(experiment, "_setting", lambda *_: SETTING)
    splits, runs = standardise(tiny), {}
    with torch_threads(1):
        for held_out in (False, True):
            run = runs[held_out] = Run(SHORT, 3, held_out)
            while not run.finished:
                run.next_epoch(*splits)
                if held_out and len(run.history) == 2:
                    Job(SHORT, 3, held_out, tmp_path, SETTING).save(run)
    train(SHORT, [3], tiny, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, SUMS, ".lock"}
    results = load_results(tmp_path, SHORT)
    for run, found in ((runs[False], results.history), (runs[True], results.held_out)):
        wanted = history_table([run])
        assert list(found.columns) == list(wanted.columns)
        assert found.drop(columns="seconds").equals(wanted.drop(columns="seconds"))
    (recorded,) = results.summary["runs"]
    assert recorded["weights"] == weights_digest(runs[False].net)
    assert recorded["test_loss"] == runs[False].history[-1]["test_loss"]
    said = capfd.readouterr().out
    assert "Resuming after 2 epochs" in said
    assert "seed-3           epoch   3" in said
    assert "held-out-seed-3  epoch   3" in said
    assert "held-out-seed-3  epoch   2" not in said


@pytest.fixture
def run(tiny: Cifar10) -> Run:
    """A run of a small net, after two epochs."""
    made = Run(SMALL, 0)
    for _ in range(2):
        made.next_epoch(*standardise(tiny))
    return made


def test_a_restored_run_goes_on_bit_by_bit(run: Run, tiny: Cifar10, tmp_path: Path) -> None:
    job = Job(SMALL, 0, False, tmp_path, SETTING)
    assert job.load().history == []
    job.save(run)
    restored = job.load()
    assert restored.history == run.history
    for each in (run, restored):
        each.next_epoch(*standardise(tiny))
    assert restored.history[-1] | {"seconds": 0} == run.history[-1] | {"seconds": 0}
    for ours, wanted in zip(restored.net.parameters(), run.net.parameters(), strict=True):
        assert torch.equal(ours, wanted)


def test_a_damaged_checkpoint_is_named_and_never_used(run: Run, tmp_path: Path) -> None:
    """Cut anywhere, or with one bit flipped anywhere."""
    job, dice = Job(SMALL, 0, False, tmp_path, SETTING), random.Random(0)
    job.save(run)
    whole = job.checkpoint.read_bytes()
    header = int.from_bytes(whole[:8], "little") + 8
    for case in range(40):
        place = dice.randrange(header if case % 2 else len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << dice.randrange(8)
        job.checkpoint.write_bytes(whole[:place] if case % 4 == 0 else damaged)
        with pytest.raises(InputError, match=r"seed-0\.safetensors is damaged: delete it"):
            job.load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0.1}, r"with another learning_rate \(0\.01, not 0\.1\): delete it"),
        ({"torch": "2.1"}, r"with another torch \(2\.0, not 2\.1\): delete it"),
        ({"more": 1}, r"with another more \(None, not 1\): delete it"),
    ],
)
def test_a_checkpoint_of_another_experiment_is_refused(
    run: Run, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    job = Job(SMALL, 0, False, tmp_path, SETTING)
    job.save(run)
    with pytest.raises(InputError, match=message):
        replace(job, setting=SETTING | change).load()
    assert job.load().history == run.history


def test_all_that_the_last_bits_depend_on_belongs_to_the_setting(
    tiny: Cifar10, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = experiment._setting(SHORT, tiny)
    assert json.loads(json.dumps(before)) == before
    assert (
        before["torch"] == torch.__version__.split("+")[0] or before["torch"] == torch.__version__
    )
    assert before != experiment._setting(replace(SHORT, max_epochs=4), tiny)
    other = deepcopy(tiny)
    other.test.pixels[0, 0] += 1
    assert before != experiment._setting(SHORT, other)
    monkeypatch.setattr(experiment, "training_code_digest", lambda: "other")
    assert before != experiment._setting(SHORT, tiny)


def test_results_of_a_full_run_are_not_replaced_by_a_trial(tiny: Cifar10, tmp_path: Path) -> None:
    """They are recognised by their epochs and seeds; those of a trial are replaced."""
    write_results(tmp_path, tiny, SHORT, [0])
    (tmp_path / SUMMARY).write_text(
        json.dumps(
            {"config": {"max_epochs": 300}, "runs": [{"seed": seed} for seed in (*SEEDS, 7)]}
        )
    )
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for homework, seeds in ((SHORT, SEEDS), (replace(SHORT, max_epochs=300), [0])):
        with pytest.raises(InputError, match=r"which a shorter run would replace: name another"):
            train(homework, seeds, tiny, tmp_path)
    (tmp_path / ".lock").unlink()
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / SUMMARY).write_text('{"config": {"max_epochs": 3}, "runs": [{"seed": 0}]}')
    once = replace(SHORT, max_epochs=1)
    train(once, [0], tiny, tmp_path)
    assert len(load_results(tmp_path, once).history) == 1


def test_asks_for_a_smaller_rate_when_training_diverges(tiny: Cifar10, tmp_path: Path) -> None:
    cure = r"seed-\d: .*after epoch 1: choose a smaller learning rate"
    with pytest.raises(InputError, match=cure):
        train(Homework(learning_rate=1e30, held_out=20), [0], tiny, tmp_path)


def test_a_second_run_in_the_same_folder_is_refused(tiny: Cifar10, tmp_path: Path) -> None:
    with only_run_in(tmp_path), pytest.raises(InputError, match="Another run is at work in"):
        train(SHORT, [0], tiny, tmp_path)


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint-seed-0.safetensors.abc.part").write_bytes(b"half")
    (tmp_path / "checkpoint-seed-0.safetensors").write_bytes(b"kept")
    with only_run_in(tmp_path):
        pass
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"checkpoint-seed-0.safetensors", ".lock"}
