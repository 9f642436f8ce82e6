from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from benchmarks.epoch import measure, products, random_cifar10, report, tasks


def test_a_step_has_eleven_products(monkeypatch: pytest.MonkeyPatch) -> None:
    real, shapes = torch.mm, []

    def counted(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        shapes.append((*a.shape, b.shape[1]))
        return real(a, b, out=out)

    monkeypatch.setattr(torch, "mm", counted)
    products(steps=1)
    layers = list(pairwise((1024, 256, 128, 64, 10)))
    forward = [(64, i, o) for i, o in layers]
    weights = [(o, 64, i) for i, o in layers]
    inputs = [(64, o, i) for i, o in layers[1:]]
    assert sorted(shapes) == sorted(forward + weights + inputs)
    assert len(shapes) == 11


def test_a_small_benchmark_gives_every_figure() -> None:
    seconds = measure(tasks(random_cifar10(320)), repeats=1)
    assert len(seconds) == 5
    assert all(time > 0 for time in seconds.values())
    assert seconds["training"] < 0.5 * seconds["plain way"]


def test_the_ratios_are_those_to_the_products_and_to_the_faster_plain_way() -> None:
    times = {
        "products alone": 2.0,
        "training": 3.0,
        "tensors, autograd": 4.0,
        "plain way": 20.0,
        "plain way, 2 workers": 15.0,
    }
    text = report(times)
    assert "training / products      1.500" in text
    assert "training / autograd      0.750" in text
    assert "training / plain way     0.200" in text
