from __future__ import annotations

import subprocess
import sys

SNIPPET = """
import sys
from hw1lib.cifar.torchvision_import import import_torchvision
first = import_torchvision()
assert import_torchvision() is first is sys.modules["torchvision"]
from torchvision.transforms import Grayscale
from torchvision.datasets import CIFAR10, ImageFolder
print("ok")
"""


def test_torchvision_can_be_imported_beside_this_torch() -> None:
    """In a process of its own: the import happens once."""
    done = subprocess.run(
        [sys.executable, "-c", SNIPPET], capture_output=True, text=True, check=False
    )
    assert done.stdout == "ok\n", done.stderr
