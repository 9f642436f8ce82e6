from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hw1lib.cifar.plain import batches_in_order, build_optimizer, plain_epoch
from torch import Tensor

from hw1lib.cifar.data import Cifar10, Split, load_cifar10
from hw1lib.cifar.experiment import torch_threads
from hw1lib.cifar.model import build_net, layers_of
from hw1lib.cifar.results import load_results
from hw1lib.cifar.sgd import (
    DivergedError,
    Run,
    evaluate,
    hold_out,
    sgd_step,
    standardise,
    train_epoch,
)
from hw1lib.homework import Homework

CPU = torch.device("cpu")


def test_standardised_by_the_training_set(tiny: Cifar10) -> None:
    train, test = standardise(tiny, CPU)
    assert float(train.pixels.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(train.pixels.double().std(correction=0)) == pytest.approx(1, abs=1e-6)
    pixels = tiny.train.pixels.double()
    wanted = (tiny.test.pixels.double() - pixels.mean()) / pixels.std(correction=0)
    assert torch.allclose(test.pixels.double(), wanted, atol=1e-5)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_200_steps_give_the_weights_of_the_plain_autograd_loop(
    dtype: torch.dtype, bound: float
) -> None:
    """The homework's net and batches, the last short one included."""
    generator = torch.Generator().manual_seed(0)
    images, homework = 199 * 64 + 16, Homework()
    pixels = torch.randn(images, homework.inputs, generator=generator, dtype=dtype)
    train = Split(pixels, torch.randint(0, 10, (images,), generator=generator))
    order = torch.randperm(images, generator=generator)
    ours, plain = (build_net(homework.layer_sizes, seed=1).to(dtype) for _ in range(2))
    train_epoch(layers_of(ours), train, order, homework.batch_size, homework.learning_rate)
    batches = list(batches_in_order(train, order, homework.batch_size))
    assert len(batches) == 200
    assert len(batches[-1][0]) == 16
    plain_epoch(plain, build_optimizer(plain, homework), batches)
    start = build_net(homework.layer_sizes, seed=1).to(dtype).state_dict()
    wanted = plain.state_dict()
    for name, mine in ours.state_dict().items():
        assert not torch.equal(mine, start[name])
        assert float((mine - wanted[name]).abs().max()) <= bound


def test_a_step_is_the_mean_of_chapter_1s_derivatives() -> None:
    """One hidden layer: against the backward pass of question 1, image by image."""
    from fractions import Fraction

    from hw1lib.backprop.manual import backward
    from hw1lib.backprop.network import PARAMETERS, Network

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
    _, test = standardise(tiny, CPU)
    net = build_net((1024, 6, 10), 0)
    losses, right = evaluate(net, test)
    for pixels, label, loss, hit in zip(test.pixels, test.labels, losses, right, strict=True):
        logits = net(pixels).detach()
        wanted = -torch.log_softmax(logits.double(), 0)[label].item()
        assert float(loss) == pytest.approx(wanted, rel=1e-6)
        assert bool(hit) is bool(logits.argmax() == label)


def test_as_many_images_of_each_class_are_held_out() -> None:
    labels = torch.arange(5_000) % 10
    kept, held = hold_out(labels, 500)
    assert labels[held].bincount().tolist() == [50] * 10
    assert sorted(kept.tolist() + held.tolist()) == list(range(5_000))
    assert torch.equal(held, hold_out(labels, 500)[1])
    assert not torch.equal(held, hold_out(labels, 500, seed=1)[1])


def test_a_run_is_repeatable_and_stops_at_the_cap(tiny: Cifar10) -> None:
    splits = standardise(tiny, CPU)
    runs = [Run(Homework(max_epochs=3), seed, CPU) for seed in (0, 0, 1)]
    for run in runs:
        while not run.finished:
            run.next_epoch(*splits)
            torch.rand(3)  # what else uses the global random state does not matter
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
    splits = standardise(tiny, CPU)
    flat = Run(Homework(flat_window=2, flat_tolerance=100.0), 0, CPU)
    turned = Run(Homework(patience=1, learning_rate=1e-30, held_out=50), 0, CPU, held_out=True)
    for run in (flat, turned):
        while not run.finished:
            run.next_epoch(*splits)
        assert run.settled
        assert len(run.history) == 2


def test_a_loss_that_is_no_number_is_reported_with_epoch_and_step(tiny: Cifar10) -> None:
    train, test = standardise(tiny, CPU)
    poisoned = train.pixels.clone()
    run = Run(Homework(), 0, CPU)
    run.next_epoch(train, test)
    order = torch.Generator().manual_seed(0)
    torch.randperm(200, generator=order)
    second = torch.randperm(200, generator=order)
    poisoned[second[130]] = torch.nan  # in the third batch of 64
    with pytest.raises(DivergedError, match="not finite in epoch 2 after step 3"):
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
        row = Run(Homework(), seed, CPU).next_epoch(*standardise(data, CPU))
    committed = results.history[results.history["seed"] == seed].iloc[0]
    assert row["train_loss"] == pytest.approx(committed["train_loss"], rel=1e-4)
    assert row["test_accuracy"] == pytest.approx(committed["test_accuracy"], abs=2e-3)
