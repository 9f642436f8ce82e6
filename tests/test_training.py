from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy

from hw1lib.cifar10 import Cifar10
from hw1lib.homework import Homework
from hw1lib.model import build_net
from hw1lib.training import DivergedError, Run, evaluate, has_flattened, standardise, train_epoch

CPU = torch.device("cpu")


def test_the_optimiser_is_plain_sgd_with_the_homeworks_rate() -> None:
    optimizer = Run(Homework(), 0, CPU).optimizer
    assert type(optimizer) is torch.optim.SGD
    (group,) = optimizer.param_groups
    assert group["lr"] == 0.01
    assert (group["momentum"], group["weight_decay"], group["nesterov"]) == (0, 0, False)
    assert Homework().batch_size == 64


def test_standardised_by_the_training_set(tiny: Cifar10) -> None:
    train, test = standardise(tiny, CPU)
    assert float(train.pixels.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(train.pixels.double().std()) == pytest.approx(1, abs=1e-6)
    shift = tiny.test.pixels.double() - tiny.train.pixels.double().mean()
    wanted = shift / tiny.train.pixels.double().std()
    assert torch.allclose(test.pixels.double(), wanted, atol=1e-5)


def test_an_epoch_is_gradient_descent_over_every_batch(tiny: Cifar10) -> None:
    """Against the update written out, in float64, the last short batch included."""
    train, _ = standardise(tiny, CPU)
    train = replace(train, pixels=train.pixels.double())
    net = build_net((1024, 6, 10), 0).double()
    weights = [p.detach().clone().requires_grad_() for p in net.parameters()]
    order = torch.randperm(200, generator=torch.Generator().manual_seed(2))
    train_epoch(net, torch.optim.SGD(net.parameters(), lr=0.1), train, order, 64)
    for start in (0, 64, 128, 192):
        batch = order[start : start + 64]
        hidden = torch.relu(train.pixels[batch] @ weights[0].T + weights[1])
        loss = cross_entropy(hidden @ weights[2].T + weights[3], train.labels[batch])
        gradients = torch.autograd.grad(loss, weights)
        weights = [
            (w - 0.1 * g).detach().requires_grad_() for w, g in zip(weights, gradients, strict=True)
        ]
    for ours, wanted in zip(net.parameters(), weights, strict=True):
        assert torch.allclose(ours, wanted, atol=1e-12, rtol=0)


def test_evaluation_is_the_mean_over_the_whole_set(tiny: Cifar10) -> None:
    _, test = standardise(tiny, CPU)
    net = build_net((1024, 6, 10), 0)
    loss, accuracy = evaluate(net, test)
    losses, right = [], 0
    for pixels, label in zip(test.pixels, test.labels, strict=True):
        logits = net(pixels)
        losses.append(-torch.log_softmax(logits.double(), 0)[label].item())
        right += int(logits.argmax() == label)
    assert loss == pytest.approx(sum(losses) / 50, rel=1e-6)
    assert accuracy == right / 50


@pytest.mark.parametrize(
    ("losses", "flat"),
    [
        ([1.0, 1.0], False),
        ([1.0, 1.0, 1.0], True),
        ([9.0, 1.0, 1.05, 0.96], True),
        ([1.0, 1.0, 1.2], False),
    ],
)
def test_flat_means_that_the_last_losses_stay_within_the_tolerance(
    losses: list[float], flat: bool
) -> None:
    assert has_flattened(losses, window=3, tolerance=0.1) is flat


def test_a_run_is_repeatable_and_stops_at_the_cap(tiny: Cifar10) -> None:
    splits = standardise(tiny, CPU)
    homework = Homework(max_epochs=3)
    first, second, other = (Run(homework, seed, CPU) for seed in (0, 0, 1))
    for run in (first, second, other):
        assert [epoch.epoch for epoch in run.epochs(*splits)] == [1, 2, 3]
        torch.rand(3)  # what else uses the global random state does not matter
    assert [e.train_loss for e in first.history] == [e.train_loss for e in second.history]
    assert first.history[0].train_loss != other.history[0].train_loss
    assert first.history[-1].train_loss < first.history[0].train_loss


def test_a_run_stops_when_its_loss_is_flat(tiny: Cifar10) -> None:
    run = Run(Homework(flat_window=2, flat_tolerance=100.0), 0, CPU)
    assert len(list(run.epochs(*standardise(tiny, CPU)))) == 2
    assert run.flattened


def test_a_loss_that_is_no_number_is_reported(tiny: Cifar10) -> None:
    run = Run(Homework(learning_rate=1e30), 0, CPU)
    with pytest.raises(DivergedError, match="not finite after epoch 1"):
        list(run.epochs(*standardise(tiny, CPU)))


@pytest.mark.images
def test_the_first_epoch_on_the_real_images_is_the_committed_one(
    images: object, root: object
) -> None:
    from pathlib import Path

    from hw1lib.cifar10 import load_cifar10
    from hw1lib.experiment import one_thread
    from hw1lib.results import load_results

    results = load_results(Path(str(root)) / "results")
    data = load_cifar10(Path(str(images)))
    if data.digest() != results.summary["data"]["digest"]:
        pytest.skip("HW1_DATA holds other pixels than the committed run's")
    run = Run(Homework(max_epochs=1), results.summary["seed"], CPU)
    with one_thread():
        (epoch,) = run.epochs(*standardise(data, CPU))
    assert epoch.train_loss == pytest.approx(results.history["train_loss"].iloc[0], rel=1e-4)
    assert epoch.test_accuracy == pytest.approx(results.history["test_accuracy"].iloc[0], abs=2e-3)
