"""Imports torchvision, also beside a torch that its compiled part does not fit."""

from __future__ import annotations

import importlib
from types import ModuleType

import torch

# Signatures of the compiled operators that torchvision's Python part refers to on import.
OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def import_torchvision() -> ModuleType:
    """Returns torchvision, with its operators declared if its compiled part can't be loaded.

    Datasets and transforms need none of the compiled operators, but torchvision can't be imported
    without them ("operator torchvision::nms does not exist", pytorch/vision#8985).

    Raises:
        ImportError: torchvision is not installed.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in OPERATORS:
        library.define(operator)
    module = importlib.import_module("torchvision")
    module._declared_operators = library  # type: ignore[attr-defined]  # they vanish with it
    return module
