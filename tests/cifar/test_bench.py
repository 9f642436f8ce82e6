from __future__ import annotations

import json
from itertools import pairwise

import pytest
import torch
from hw1lib.cifar.bench import Benchmark, bench, products

from hw1lib.homework import Homework


def test_a_step_has_eleven_products(monkeypatch: pytest.MonkeyPatch) -> None:
    real, shapes = torch.mm, []

    def counted(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        shapes.append((*a.shape, b.shape[1]))
        return real(a, b, out=out)

    monkeypatch.setattr(torch, "mm", counted)
    products(Homework(), steps=1)
    sizes = (1024, 256, 128, 64, 10)
    layers = list(pairwise(sizes))
    forward = [(64, i, o) for i, o in layers]
    weights = [(o, 64, i) for i, o in layers]
    inputs = [(64, o, i) for i, o in layers[1:]]
    assert sorted(shapes) == sorted(forward + weights + inputs)
    assert len(shapes) == 11


def test_ratios_are_those_of_the_medians() -> None:
    made = Benchmark(2.0, 3.0, {0: 20.0, 2: 15.0}, 5, 1, "noise", {"python": "3.11"})
    assert made.over_products == 1.5
    assert made.over_plain == 0.2
    assert json.loads(made.as_json())["over_plain"] == 0.2
    assert "training / plain way          0.200" in made.as_text()


def test_a_small_benchmark_without_data_gives_every_figure() -> None:
    made = bench(None, repeats=2, size=640)
    assert made.products > 0
    assert made.epoch > 0
    assert set(made.plain) == {0, 2}
    assert made.over_plain < 0.5
    assert made.images == "640 images of random pixels"
