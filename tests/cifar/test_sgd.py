from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from hw1lib.backprop.certified import backward
from hw1lib.backprop.network import PARAMETERS, Network
from hw1lib.cifar.data import Cifar10, Split, load_cifar10
from hw1lib.cifar.experiment import torch_threads
from hw1lib.cifar.model import build_net
from hw1lib.cifar.results import load_results
from hw1lib.cifar.run import Run, standardise
from hw1lib.cifar.sgd import evaluate, plain_epoch, sgd_step, train_epoch
from hw1lib.homework import Homework

CPU = torch.device("cpu")


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
    _, test = standardise(tiny, CPU)
    net = build_net((1024, 6, 10), 0)
    losses, right = evaluate(net, test)
    for pixels, label, loss, hit in zip(test.pixels, test.labels, losses, right, strict=True):
        logits = net(pixels).detach()
        wanted = -torch.log_softmax(logits.double(), 0)[label].item()
        assert float(loss) == pytest.approx(wanted, rel=1e-6)
        assert bool(hit) is bool(logits.argmax() == label)


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
