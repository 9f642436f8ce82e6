from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hw1lib.cifar.data import Cifar10, standardise
from hw1lib.cifar.model import build_net
from hw1lib.cifar.predictions import Predictions, predict
from hw1lib.cifar.training import evaluate

# Two nets on four images; the first is right twice, the second three times.
FEW = Predictions(
    torch.tensor([0, 0, 1, 9], dtype=torch.uint8),
    torch.tensor([[0, 1, 1, 8], [0, 0, 1, 0]], dtype=torch.uint8),
    torch.tensor([[0.95, 0.55, 1.0, 0.92], [0.91, 0.58, 0.93, 0.5]]),
)


def test_predictions_are_the_nets(tiny: Cifar10) -> None:
    _, test = standardise(tiny)
    nets = [build_net((1024, 6, 10), seed) for seed in (0, 1)]
    made = predict(nets, test)
    for net, predicted, confidence in zip(nets, made.predicted, made.confidence, strict=True):
        _, right = evaluate(net, test)
        assert torch.equal(predicted == made.labels, right)
        logits = net(test.pixels).detach()
        chance = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
        assert torch.allclose(confidence, chance.max(dim=1).values, atol=1e-6)


def test_confusion_accuracies_and_calibration_by_hand() -> None:
    table = FEW.confusion()
    assert table.loc["airplane", "airplane"] == 0.75
    assert table.loc["airplane", "automobile"] == 0.25
    assert table.loc["automobile", "automobile"] == 1.0
    assert table.loc["truck", "ship"] == table.loc["truck", "airplane"] == 0.5
    table = FEW.class_accuracy()
    assert table.loc["airplane"].tolist() == [0.5, 1.0]
    assert table.loc["truck"].tolist() == [0.0, 0.0]
    table = FEW.calibration()
    assert table["count"].tolist() == [3, 5]
    assert table["accuracy"].tolist() == pytest.approx([1 / 3, 4 / 5])
    low, high = (0.55 + 0.58 + 0.5) / 3, (0.95 + 1.0 + 0.92 + 0.91 + 0.93) / 5
    assert table["confidence"].tolist() == pytest.approx([low, high])


@given(st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_every_image_is_counted_once(seed: int, size: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    made = Predictions(
        torch.arange(size).remainder(10).to(torch.uint8),
        torch.randint(0, 10, (3, size), generator=generator).to(torch.uint8),
        torch.rand(3, size, generator=generator),
    )
    assert made.calibration()["count"].sum() == 3 * size
    present = made.confusion().dropna()
    assert present.sum(axis="columns").to_list() == pytest.approx([1.0] * min(10, size))
