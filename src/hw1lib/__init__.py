"""Backpropagation by hand, Adam's expectations and a dense net on CIFAR-10, for the hw1 book.

The public names are those of `__all__`. Each is loaded when it is first used, so that question 2
needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hw1lib.adam.moments import Expectation as Expectation
    from hw1lib.adam.moments import expectations as expectations
    from hw1lib.adam.moments import weight_sum as weight_sum
    from hw1lib.backprop.agreement import check_gradients as check_gradients
    from hw1lib.backprop.certified import Forward as Forward
    from hw1lib.backprop.certified import Gradients as Gradients
    from hw1lib.backprop.certified import backward as backward
    from hw1lib.backprop.certified import forward as forward
    from hw1lib.backprop.descent import gradient_step as gradient_step
    from hw1lib.backprop.drawing import draw_graph as draw_graph
    from hw1lib.backprop.drawing import draw_network as draw_network
    from hw1lib.backprop.network import Network as Network
    from hw1lib.backprop.network import load_network as load_network
    from hw1lib.backprop.zeros import find_zeros as find_zeros
    from hw1lib.cifar.data import Cifar10 as Cifar10
    from hw1lib.cifar.data import Split as Split
    from hw1lib.cifar.data import load_cifar10 as load_cifar10
    from hw1lib.cifar.experiment import train as train
    from hw1lib.cifar.model import build_net as build_net
    from hw1lib.cifar.results import load_results as load_results
    from hw1lib.cifar.training import has_flattened as has_flattened
    from hw1lib.cifar.training import has_turned as has_turned
    from hw1lib.cifar.training import plain_epoch as plain_epoch
    from hw1lib.cifar.training import sgd_step as sgd_step
    from hw1lib.cifar.verify import verify as verify
    from hw1lib.errors import InputError as InputError
    from hw1lib.homework import Homework as Homework

# Where each public name is, for programs; above is the same for type checkers.
_HOMES = {
    "homework": ["Homework"],
    "errors": ["InputError"],
    "backprop.network": ["Network", "load_network"],
    "backprop.certified": ["Forward", "Gradients", "forward", "backward"],
    "backprop.agreement": ["check_gradients"],
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


def __getattr__(name: str) -> object:
    """Loads a public name from its module."""
    if name not in _HOME:
        raise AttributeError(f"module 'hw1lib' has no attribute {name!r}")
    return getattr(import_module(f"hw1lib.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
