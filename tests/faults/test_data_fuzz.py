"""Image trees with something wrong: right images or one sentence, never anything else."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from hw1lib.cifar.data import CLASSES, load_cifar10
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError
from trainings import write_tree

CASES = 120
Mutation = Callable[[Path, random.Random], object]


def image(tree: Path, chance: random.Random) -> Path:
    """A file of the tree, by chance."""
    return chance.choice(sorted(path for path in tree.rglob("*.*g") if path.is_file()))


def class_folder(tree: Path, chance: random.Random) -> Path:
    return tree / chance.choice(["train", "test"]) / chance.choice(CLASSES)


def new_name(tree: Path, chance: random.Random) -> Path:
    """Where there is nothing yet, in a class's folder, with a name that is no easy one."""
    names = [b"a b.jpg", b"\xff\xfe.png", b"two\nlines.png", "ünï☃.png".encode(), b"'; $(x).jpeg"]
    return class_folder(tree, chance) / os.fsdecode(chance.choice(names))


def damaged_bytes(tree: Path, chance: random.Random) -> None:
    """Cut off, overwritten at the beginning or anywhere, or followed by more."""
    path = image(tree, chance)
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([0, 1, 5, 100])):
        place = chance.randrange(chance.choice([64, len(content)]))
        content[place] ^= 1 << chance.randrange(8)
    end = chance.choice([len(content), chance.randrange(len(content))])
    path.write_bytes(content[:end] + chance.randbytes(chance.choice([0, 0, 1000])))


def noise(tree: Path, chance: random.Random) -> None:
    new_name(tree, chance).write_bytes(chance.randbytes(chance.choice([0, 1, 5000])))


def another_size(tree: Path, chance: random.Random) -> None:
    size = chance.choice([(1, 1), (31, 32), (1, 1024), (500, 500)])
    Image.new("RGB", size).save(image(tree, chance))


def another_kind(tree: Path, chance: random.Random) -> None:
    """Nothing wrong with some of them."""
    kinds = [("L", "png"), ("RGBA", "png"), ("CMYK", "jpeg"), ("RGB", "bmp"), ("P", "gif")]
    mode, kind = chance.choice(kinds)
    Image.new(mode, (32, 32), 7).save(new_name(tree, chance), kind)


def another_name(tree: Path, chance: random.Random) -> None:
    path = image(tree, chance)
    names = [".png", ".DS_Store", "a.txt", "a", "a.png.gz", "a.JPG", "two\nlines"]
    path.rename(path.with_name(chance.choice(names)))


def renamed_class(tree: Path, chance: random.Random) -> None:
    folder = class_folder(tree, chance)
    folder.rename(folder.with_name(chance.choice(["Cat", "cats", "two\nlines", " "])))


def another_folder(tree: Path, chance: random.Random) -> None:
    """A class or a split that is missing, empty or a file."""
    folder = class_folder(tree, chance)
    folder = chance.choice([folder, folder.parent])
    shutil.rmtree(folder)
    chance.choice([Path.mkdir, Path.touch, Path.exists])(folder)


def link(tree: Path, chance: random.Random) -> None:
    """Nothing wrong with one to an image."""
    path = new_name(tree, chance)
    path.symlink_to(chance.choice([tree, tree / "nowhere", image(tree, chance), path]))


MUTATIONS: list[Mutation] = [
    damaged_bytes, noise, another_size, another_kind, another_name, renamed_class, another_folder,
    link,
]  # fmt: skip


def expected_pixels(tree: Path) -> bytes:
    """All images by torchvision's loader and `Grayscale`, in the order of classes and names."""
    import_torchvision()
    from torchvision.datasets.folder import pil_loader
    from torchvision.transforms import Grayscale

    folders = [tree / split / name for split in ("train", "test") for name in CLASSES]
    paths = [path for folder in folders for path in sorted(folder.glob("[!.]*"))]
    return b"".join(Grayscale()(pil_loader(str(path))).tobytes() for path in paths)


@pytest.mark.parametrize(
    "seed",
    [pytest.param(n, marks=[pytest.mark.slow] * (n >= len(MUTATIONS))) for n in range(CASES)],
)
def test_right_images_or_one_sentence(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    tree = write_tree(tmp_path / "tree", 1, chance.choice(["png", "jpg"]))
    MUTATIONS[seed % len(MUTATIONS)](tree, chance)
    try:
        data = load_cifar10(tree)
    except InputError as error:
        message = str(error)
        assert message.isprintable()
        assert str(tree) in message
        assert message.endswith(".")
    else:
        pixels = data.train.pixels.numpy().tobytes() + data.test.pixels.numpy().tobytes()
        assert pixels == expected_pixels(tree)
        assert load_cifar10(tree).digest() == data.digest()
    assert capsys.readouterr() == ("", "")
