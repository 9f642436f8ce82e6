"""Imports torchvision, also beside a torch that its compiled part does not fit."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

# The signatures of torchvision's compiled operators that its Python part refers to on import.
OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def import_torchvision() -> ModuleType:
    """torchvision, with its missing operators declared where its compiled part can't load.

    The datasets and transforms that this project uses need none of the compiled operators, but
    torchvision refuses to be imported without them ("operator torchvision::nms does not exist",
    pytorch/vision#8985).

    Raises:
        ImportError: torchvision is not installed.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in OPERATORS:
        library.define(operator)
    module = importlib.import_module("torchvision")
    module._declared_operators = library  # type: ignore[attr-defined]  # lives as long as it does
    return module
