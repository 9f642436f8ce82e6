from __future__ import annotations

import subprocess
import sys

SNIPPET = """
import sys
from hw1lib.cifar.torchvision_import import import_torchvision
assert import_torchvision() is import_torchvision() is sys.modules["torchvision"]
from PIL import Image
from torchvision.datasets import CIFAR10, ImageFolder
from torchvision.transforms import Compose, Grayscale, ToTensor
image = Image.new("RGB", (32, 32), (10, 200, 30))
pixels = Compose([Grayscale(), ToTensor()])(image)
assert pixels.shape == (1, 32, 32)
assert abs(float(pixels[0, 0, 0]) * 255 - (0.299 * 10 + 0.587 * 200 + 0.114 * 30)) < 1
"""


def test_torchvision_works_beside_a_torch_of_another_build() -> None:
    """In a process of its own: the import happens once."""
    done = subprocess.run([sys.executable, "-c", SNIPPET], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
