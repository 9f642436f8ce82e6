from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hw1lib.backprop.certified import backward
from hw1lib.backprop.network import PARAMETERS, Network
from hw1lib.cifar.data import Cifar10, Split, hold_out, load_cifar10, standardise
from hw1lib.cifar.experiment import torch_threads
from hw1lib.cifar.model import build_net
from hw1lib.cifar.results import load_results
from hw1lib.cifar.training import (
    Run,
    evaluate,
    has_flattened,
    has_turned,
    lowest,
    plain_epoch,
    sgd_step,
    train_epoch,
)
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from trainings import finish

LOSSES = st.lists(st.integers(0, 9).map(float), max_size=12)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_both_epochs_give_the_same_weights(dtype: torch.dtype, bound: float) -> None:
    """The homework's net and ten batches, the last short one included."""
    generator = torch.Generator().manual_seed(0)
    images, homework = 9 * 64 + 16, Homework()
    pixels = torch.randn(images, homework.inputs, generator=generator, dtype=dtype)
    train = Split(pixels, torch.randint(0, 10, (images,), generator=generator))
    order = torch.randperm(images, generator=generator)
    start, ours, plain = (build_net(homework.layer_sizes, seed=1).to(dtype) for _ in range(3))
    train_epoch(ours, train, order, homework.batch_size, homework.learning_rate)
    plain_epoch(plain, train, order, homework.batch_size, homework.learning_rate)
    for mine, wanted, before in zip(
        ours.parameters(), plain.parameters(), start.parameters(), strict=True
    ):
        assert not torch.equal(mine, before)
        assert float((mine - wanted).detach().abs().max()) <= bound


def test_a_step_is_the_mean_of_chapter_1s_derivatives() -> None:
    """One hidden layer: against the backward pass of question 1, image by image."""

    def fractions(values: Tensor) -> tuple[object, ...]:
        rows = values.tolist()
        return tuple(
            tuple(map(Fraction, row)) if isinstance(row, list) else Fraction(row) for row in rows
        )

    generator = torch.Generator().manual_seed(3)
    sizes = {"W_H": (4, 3), "b_H": (4,), "W_O": (2, 4), "b_O": (2,)}
    start = {
        name: torch.randn(*size, generator=generator, dtype=torch.float64)
        for name, size in sizes.items()
    }
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    y = torch.eye(2, dtype=torch.float64)[torch.tensor([0, 1, 1, 0, 1])]
    mean = {name: torch.zeros_like(value) for name, value in start.items()}
    for row, target in zip(x, y, strict=True):
        exact = {name: fractions(value) for name, value in start.items()}
        network = Network(x=fractions(row), y=fractions(target), **exact)  # type: ignore[arg-type]
        gradients = backward(network)
        for name in PARAMETERS:
            mean[name] += getattr(gradients, name) / len(x)
    moved = {name: value.clone() for name, value in start.items()}
    sgd_step([(moved["W_H"], moved["b_H"]), (moved["W_O"], moved["b_O"])], x, y, 0.1)
    for name in PARAMETERS:
        assert torch.allclose(moved[name], start[name] - 0.1 * mean[name], rtol=0, atol=1e-14)


def test_evaluation_looks_at_every_image(tiny: Cifar10) -> None:
    _, test = standardise(tiny)
    net = build_net((1024, 6, 10), 0)
    losses, right = evaluate(net, test)
    for pixels, label, loss, hit in zip(test.pixels, test.labels, losses, right, strict=True):
        logits = net(pixels).detach()
        wanted = -torch.log_softmax(logits.double(), 0)[label].item()
        assert float(loss) == pytest.approx(wanted, rel=1e-6)
        assert bool(hit) is bool(logits.argmax() == label)


def test_flat_means_less_than_the_tolerance() -> None:
    assert has_flattened([9.0, 1.0, 1.5, 0.75], window=3, tolerance=0.76)
    assert not has_flattened([9.0, 1.0, 1.5, 0.75], window=3, tolerance=0.75)


@given(LOSSES, st.integers(1, 5), st.integers(1, 4))
def test_flat_means_that_each_pair_of_the_last_losses_is_close(
    losses: list[float], window: int, tolerance: int
) -> None:
    last = losses[max(0, len(losses) - window) :]
    close = all(abs(a - b) < tolerance for a in last for b in last)
    assert has_flattened(losses, window, tolerance) is (close and len(losses) >= window)


@given(LOSSES, st.integers(1, 5))
def test_turned_means_no_lower_loss_for_so_many_epochs(losses: list[float], patience: int) -> None:
    before, last = losses[:-patience], losses[-patience:]
    turned = bool(before) and min(before) <= min(last)
    assert has_turned(losses, patience) is turned


def test_the_first_of_several_lowest_epochs_counts() -> None:
    assert lowest([3.0, 1.0, 2.0, 1.0]) == 2


def test_a_run_is_repeatable_and_stops_at_the_cap(tiny: Cifar10) -> None:
    runs = [Run(Homework(max_epochs=3), seed) for seed in (0, 0, 1)]
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
    train, test = standardise(tiny)
    run = Run(Homework(), 0)
    row = run.next_epoch(train, test)
    for name, split in (("train", train), ("test", test)):
        losses, right = evaluate(run.net, split)
        assert row[f"{name}_loss"] == pytest.approx(float(losses.mean()), rel=1e-12)
        assert row[f"{name}_accuracy"] == float(right.double().mean())


def test_held_out_images_are_never_trained_on(tiny: Cifar10) -> None:
    train, test = standardise(tiny)
    _, held = hold_out(train.labels, 50)
    other = train.pixels.clone()
    other[held] = 7.0
    runs = [Run(Homework(held_out=50), 0, held_out=True) for _ in range(2)]
    rows = [
        run.next_epoch(replace(train, pixels=pixels), test)
        for run, pixels in zip(runs, (train.pixels, other), strict=True)
    ]
    assert rows[0]["train_loss"] == rows[1]["train_loss"]
    assert rows[0]["test_loss"] == rows[1]["test_loss"]
    assert rows[0]["validation_loss"] != rows[1]["validation_loss"]


def test_a_run_stops_by_its_rule(tiny: Cifar10) -> None:
    flat = Run(Homework(flat_window=2, flat_tolerance=100.0), 0)
    turned = Run(Homework(patience=1, learning_rate=1e-30, held_out=50), 0, held_out=True)
    for run in (flat, turned):
        assert finish(run, tiny).settled
        assert len(run.history) == 2


def test_a_loss_that_is_not_finite_ends_the_run(tiny: Cifar10) -> None:
    train, test = standardise(tiny)
    run = Run(Homework(), 0)
    run.next_epoch(train, test)
    poisoned = train.pixels.clone()
    poisoned[130] = torch.nan
    with pytest.raises(InputError, match=r"not finite after epoch 2: .*smaller learning rate"):
        run.next_epoch(replace(train, pixels=poisoned), test)
    assert len(run.history) == 1


@pytest.mark.images
def test_the_first_epoch_on_the_real_images_is_the_committed_one(images: Path, root: Path) -> None:
    results = load_results(root / "results")
    data = load_cifar10(images)
    if data.digest() != results.summary["data"]["digest"]:
        pytest.skip("HW1_DATA holds other pixels than the committed run's")
    seed = results.summary["runs"][0]["seed"]
    with torch_threads(results.summary["threads"]):
        row = Run(Homework(), seed).next_epoch(*standardise(data))
    committed = results.history[results.history["seed"] == seed].iloc[0]
    assert row["train_loss"] == pytest.approx(committed["train_loss"], rel=1e-4)
    assert row["test_accuracy"] == pytest.approx(committed["test_accuracy"], abs=2e-3)
