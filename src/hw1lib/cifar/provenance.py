"""Where results come from: config, code, pixels, machine, versions."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.fingerprint import code_digest
from hw1lib.homework import Homework

TRAINING_CODE = ("model.py", "stopping.py", "sgd.py")
LIBRARIES = ("torch", "torchvision", "hw1lib")


def training_config(homework: Homework) -> dict[str, Any]:
    """The numbers that training depends on, as JSON holds them."""
    numbers = {k: v for k, v in asdict(homework).items() if not k.startswith("adam_")}
    config: dict[str, Any] = json.loads(json.dumps(numbers))
    return config


def training_code_digest() -> str:
    """The fingerprint of the net and of the training procedure."""
    here = Path(__file__).parent
    return code_digest(*(here / name for name in TRAINING_CODE))


def describe_data(data: Cifar10) -> dict[str, Any]:
    """Source, sizes and digest of the images."""
    return {
        "source": data.source,
        "train_images": len(data.train),
        "test_images": len(data.test),
        "digest": data.digest(),
    }


def describe_machine(device: torch.device, threads: int) -> dict[str, Any]:
    """Device, threads, date and versions."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return {
        "device": name,
        "threads": threads,
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    }
