from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from hw1lib.cifar import image_tree
from hw1lib.cifar.data import load_cifar10
from hw1lib.cifar.image_tree import read_gray, read_images
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError
from trainings import write_tree


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [("png", mode) for mode in ("RGB", "L", "P", "RGBA", "1", "I;16")] + [("jpg", "CMYK")],
)
def test_grey_is_torchvisions(tmp_path: Path, suffix: str, mode: str) -> None:
    """Whatever kind of image it is: `Grayscale` of what torchvision's loader makes of it."""
    import_torchvision()
    from torchvision.datasets.folder import pil_loader
    from torchvision.transforms import Grayscale

    noise = torch.randint(0, 256, (32, 32, 3), generator=torch.Generator().manual_seed(2))
    image = Image.fromarray(noise.to(torch.uint8).numpy())
    path = tmp_path / f"image.{suffix}"
    image.convert("I" if mode == "I;16" else mode).convert(mode).save(path)
    assert read_gray(str(path)) == Grayscale()(pil_loader(str(path))).tobytes()


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_order_and_labels_are_image_folders(tmp_path: Path, suffix: str) -> None:
    """Against torchvision's own reader and its `Grayscale`."""
    import_torchvision()
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import Compose, Grayscale, PILToTensor

    tree = write_tree(tmp_path / "a tree – für 'alle'", 11, suffix)
    (tree / "train" / "cat" / f"0.{suffix}").unlink()  # unequal classes
    (tree / "test" / "dog" / f"10.{suffix}").rename(tree / "test" / "dog" / f"Ä.{suffix.upper()}")
    data = load_cifar10(tree)
    assert data.source == f"an image tree of .{suffix} files"
    for name, split in (("train", data.train), ("test", data.test)):
        expected = ImageFolder(str(tree / name), Compose([Grayscale(), PILToTensor()]))
        assert torch.equal(split.pixels, torch.stack([image.flatten() for image, _ in expected]))
        assert split.labels.tolist() == expected.targets


@pytest.mark.parametrize("kind", ["gif", "eps"])
def test_other_formats_are_refused(tmp_path: Path, kind: str) -> None:
    """Pillow would run Ghostscript on PostScript, whatever the suffix."""
    Image.new("L", (32, 32)).save(tmp_path / "image.png", kind)
    with pytest.raises(InputError, match="is not a readable 32x32 image; replace or remove it"):
        read_gray(str(tmp_path / "image.png"))


def test_processes_give_the_same_and_name_the_first_bad_image(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [str(path) for path in sorted((tree / "train").rglob("*.png"))]
    expected = list(map(read_gray, paths))
    monkeypatch.setattr(image_tree, "CHUNK", 15)
    with monkeypatch.context() as patch:
        patch.setattr(image_tree, "read_gray", None)  # nothing is left for this process
        assert list(read_images(paths)) == expected
    with monkeypatch.context() as patch:
        patch.setattr(image_tree, "PROGRAM", "import os; os.abort()")
        assert list(read_images(paths)) == expected  # lost processes lose no image
    for i in (21, 22, 35):
        paths[i] = str(tmp_path / f"{i}.png")
    with pytest.raises(InputError, match=r"21\.png is not a readable"):
        list(read_images(paths))


def test_the_processes_need_no_torch() -> None:
    """They would take seconds to start."""
    code = "import sys, hw1lib.cifar.image_tree; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda tree: (tree / "test/truck/0.png").unlink(), r"test/truck is empty; put"),
        (lambda tree: (tree / "test/lorry").mkdir(), r"test/lorry is not a class of CIFAR-10"),
        (lambda tree: (tree / "test/dog").rename(tree / "dog"), r"test/dog can't be read \(No"),
        (lambda tree: (tree / "train").rename(tree / "no"), r"train can't be read \(No such"),
        (lambda tree: (tree / "train/cat/a.txt").touch(), r"a\.txt is not a \.png or \.jpg file"),
        (lambda tree: (tree / "train/cat/a.png").mkdir(), r"a\.png is not a \.png or \.jpg file"),
        (lambda tree: (tree / "train/cat/a\nb.png").touch(), r"a\\nb\.png is not a readable"),
        (lambda tree: Image.new("L", (31, 32)).save(tree / "train/cat/0.png"), "31x32 pixels"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    tree = write_tree(tmp_path / "tree", per_class=1)
    damage(tree)
    with pytest.raises(InputError, match=message):
        load_cifar10(tree)
