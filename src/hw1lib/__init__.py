"""Backpropagation by hand, Adam's expectations and a dense net on CIFAR-10, for the hw1 book.

The public names are those of `__all__`. Each is loaded when it is first used, so that question 2
needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "homework": ["Homework"],
    "errors": ["InputError"],
    "backprop.network": ["Network", "load_network"],
    "backprop.manual": ["Forward", "Gradients", "forward", "backward"],
    "backprop.check": ["check_gradients"],
    "backprop.descent": ["gradient_step"],
    "backprop.zeros": ["find_zeros"],
    "backprop.drawing": ["draw_network", "draw_graph"],
    "adam.moments": ["Expectation", "expectations", "weight_sum"],
    "cifar.data": ["Cifar10", "Split", "load_cifar10"],
    "cifar.model": ["build_net"],
    "cifar.training": ["plain_epoch", "sgd_step", "has_flattened", "has_turned"],
    "cifar.experiment": ["train"],
    "cifar.results": ["load_results"],
    "cifar.verify": ["verify"],
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = list(_HOME)  # computed, so that each name stands once


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Loads a public name from its module."""
    if name not in _HOME:
        raise AttributeError(f"module 'hw1lib' has no attribute {name!r}")
    return getattr(import_module(f"hw1lib.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
