from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.run import Run, hold_out, restore_checkpoint, save_checkpoint, standardise
from hw1lib.cifar.sgd import evaluate
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from trainings import CPU, finish

IDENTITY: dict[str, object] = {"seed": 0, "config": {"learning_rate": 0.01}}
SMALL = Homework(hidden_sizes=(4,))


def test_standardised_by_the_training_set(tiny: Cifar10) -> None:
    train, test = standardise(tiny, CPU)
    assert float(train.pixels.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(train.pixels.double().std(correction=0)) == pytest.approx(1, abs=1e-6)
    pixels = tiny.train.pixels.double()
    wanted = (tiny.test.pixels.double() - pixels.mean()) / pixels.std(correction=0)
    assert torch.allclose(test.pixels.double(), wanted, atol=1e-5)


def test_as_many_images_of_each_class_are_held_out() -> None:
    labels = torch.arange(5_000) % 10
    kept, held = hold_out(labels, 500)
    assert labels[held].bincount().tolist() == [50] * 10
    assert sorted(kept.tolist() + held.tolist()) == list(range(5_000))
    assert torch.equal(held, hold_out(labels, 500)[1])
    assert not torch.equal(held, hold_out(labels, 500, seed=1)[1])


def test_a_run_is_repeatable_and_stops_at_the_cap(tiny: Cifar10) -> None:
    runs = [Run(Homework(max_epochs=3), seed, CPU) for seed in (0, 0, 1)]
    for run in runs:
        torch.rand(3)  # what else uses the global random state does not matter
        finish(run, tiny)
        assert [row["epoch"] for row in run.history] == [1, 2, 3]
    first, second, other = ([row["train_loss"] for row in run.history] for run in runs)
    assert first == second
    assert first[0] != other[0]
    assert first[-1] < first[0]
    for ours, same in zip(runs[0].net.parameters(), runs[1].net.parameters(), strict=True):
        assert torch.equal(ours, same)


def test_a_row_holds_the_means_over_the_whole_sets(tiny: Cifar10) -> None:
    train, test = standardise(tiny, CPU)
    run = Run(Homework(), 0, CPU)
    row = run.next_epoch(train, test)
    for name, split in (("train", train), ("test", test)):
        losses, right = evaluate(run.net, split)
        assert row[f"{name}_loss"] == pytest.approx(float(losses.mean()), rel=1e-12)
        assert row[f"{name}_accuracy"] == float(right.double().mean())


def test_held_out_images_are_never_trained_on(tiny: Cifar10) -> None:
    train, test = standardise(tiny, CPU)
    _, held = hold_out(train.labels, 50)
    other = train.pixels.clone()
    other[held] = 7.0
    runs = [Run(Homework(held_out=50), 0, CPU, held_out=True) for _ in range(2)]
    rows = [
        run.next_epoch(replace(train, pixels=pixels), test)
        for run, pixels in zip(runs, (train.pixels, other), strict=True)
    ]
    assert rows[0]["train_loss"] == rows[1]["train_loss"]
    assert rows[0]["test_loss"] == rows[1]["test_loss"]
    assert rows[0]["validation_loss"] != rows[1]["validation_loss"]


def test_a_run_stops_by_its_rule(tiny: Cifar10) -> None:
    flat = Run(Homework(flat_window=2, flat_tolerance=100.0), 0, CPU)
    turned = Run(Homework(patience=1, learning_rate=1e-30, held_out=50), 0, CPU, held_out=True)
    for run in (flat, turned):
        assert finish(run, tiny).settled
        assert len(run.history) == 2


def test_a_loss_that_is_not_finite_ends_the_run(tiny: Cifar10) -> None:
    train, test = standardise(tiny, CPU)
    run = Run(Homework(), 0, CPU)
    run.next_epoch(train, test)
    poisoned = train.pixels.clone()
    poisoned[130] = torch.nan
    with pytest.raises(InputError, match=r"not finite after epoch 2: .*smaller learning rate"):
        run.next_epoch(replace(train, pixels=poisoned), test)
    assert len(run.history) == 1


@pytest.fixture
def run(tiny: Cifar10) -> Run:
    """A run of a small net, after two epochs."""
    made = Run(SMALL, 0, CPU)
    for _ in range(2):
        made.next_epoch(*standardise(tiny, CPU))
    return made


def test_a_restored_run_goes_on_bit_by_bit(run: Run, tiny: Cifar10, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "run.safetensors", run, IDENTITY)
    restored = Run(SMALL, 5, CPU)
    assert restore_checkpoint(tmp_path / "run.safetensors", restored, IDENTITY)
    assert restored.history == run.history
    for each in (run, restored):
        each.next_epoch(*standardise(tiny, CPU))
    assert restored.history[-1] | {"seconds": 0} == run.history[-1] | {"seconds": 0}
    for ours, wanted in zip(restored.net.parameters(), run.net.parameters(), strict=True):
        assert torch.equal(ours, wanted)


def test_a_damaged_checkpoint_is_named_and_never_used(run: Run, tmp_path: Path) -> None:
    """Cut anywhere, or with one bit flipped anywhere."""
    path, dice = tmp_path / "run.safetensors", random.Random(0)
    save_checkpoint(path, run, IDENTITY)
    whole = path.read_bytes()
    header = int.from_bytes(whole[:8], "little") + 8
    fresh = Run(SMALL, 5, CPU)
    start = deepcopy(fresh.net.state_dict())
    for case in range(40):
        place = dice.randrange(header if case % 2 else len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << dice.randrange(8)
        path.write_bytes(whole[:place] if case % 4 == 0 else damaged)
        with pytest.raises(InputError, match=r"run\.safetensors is damaged: delete it"):
            restore_checkpoint(path, fresh, IDENTITY)
    assert fresh.history == []
    assert all(torch.equal(start[name], value) for name, value in fresh.net.state_dict().items())
