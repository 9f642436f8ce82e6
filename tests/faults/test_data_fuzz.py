"""Image trees with something wrong: right images or one sentence, never anything else."""

from __future__ import annotations

import io
import os
import random
import resource
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from PIL import Image

from hw1lib.cifar.data import CLASSES, load_cifar10
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError

CASES = 200
GIBIBYTE = 1 << 30
Mutation: TypeAlias = Callable[[Path, random.Random], object]


def image(tree: Path, chance: random.Random) -> Path:
    """A file of the tree, by chance."""
    return chance.choice(sorted(path for path in tree.rglob("*.*g") if path.is_file()))


def class_folder(tree: Path, chance: random.Random) -> Path:
    return tree / chance.choice(["train", "test"]) / chance.choice(CLASSES)


def new_name(tree: Path, chance: random.Random) -> Path:
    """Where there is nothing yet, in a class's folder, with a name that is no easy one."""
    names = [b"new.png", b"a b.jpg", b"\xff\xfe.png", b"two\nlines.png", "ünï☃.png".encode()]
    names += [b"-rf.png", b"'; $(x).jpeg", b"UPPER.PNG", b"n" * 200 + b".png", b"\x1b[31mred.png"]
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
    size = chance.choice([(1, 1), (31, 32), (32, 33), (1, 1024), (500, 500)])
    Image.new("RGB", size).save(image(tree, chance))


def huge_dimensions(tree: Path, chance: random.Random) -> None:
    """A PNG's header says so; a checksum that does not fit is one more fault."""
    out = io.BytesIO()
    Image.new("L", (32, 32)).save(out, "png")
    content = bytearray(out.getvalue())
    side = chance.choice([33, 12_000, 100_000, 2**31 - 1, 2**32 - 1, 0])
    content[16:24] = side.to_bytes(4, "big") * 2
    if chance.random() < 0.8:
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    new_name(tree, chance).with_suffix(".png").write_bytes(content)


def bomb(tree: Path, chance: random.Random) -> None:
    """A small PNG that unfolds to 180 million pixels."""
    Image.new("1", (20_000, 9_000)).save(new_name(tree, chance).with_suffix(".png"))


def another_kind(tree: Path, chance: random.Random) -> None:
    """Nothing wrong with some of them."""
    kinds = [("L", "png"), ("P", "png"), ("RGBA", "png"), ("CMYK", "jpeg")]
    kinds += [("RGB", kind) for kind in ("bmp", "gif", "tiff", "eps", "ico", "pdf", "webp")]
    mode, kind = chance.choice(kinds)
    Image.new(mode, (32, 32), 7).save(new_name(tree, chance), kind)


def another_name(tree: Path, chance: random.Random) -> None:
    path = image(tree, chance)
    names = [".png", "..jpg", ".DS_Store", "a.txt", "a", "a.png.gz", "a.JPG", "two\nlines", "é"]
    path.rename(path.with_name(chance.choice(names)))


def renamed_class(tree: Path, chance: random.Random) -> None:
    folder = class_folder(tree, chance)
    folder.rename(folder.with_name(chance.choice(["Cat", "cats", "two\nlines", " ", "-", "é"])))


def another_folder(tree: Path, chance: random.Random) -> None:
    """A class or a split that is missing, empty or a file."""
    folder = class_folder(tree, chance)
    folder = chance.choice([folder, folder.parent])
    shutil.rmtree(folder)
    chance.choice([Path.mkdir, Path.touch, Path.exists])(folder)


def nested(tree: Path, chance: random.Random) -> None:
    folder = new_name(tree, chance).joinpath(*["deep"] * chance.choice([0, 10, 300]))
    folder.mkdir(parents=True)
    image(tree, chance).rename(folder / "image.png")


def link(tree: Path, chance: random.Random) -> None:
    """Nothing wrong with one to an image."""
    path = new_name(tree, chance)
    targets = [tree, tree / "nowhere", image(tree, chance), Path("/dev/zero"), path]
    path.symlink_to(chance.choice(targets))


def no_regular_file(tree: Path, chance: random.Random) -> None:
    """A pipe, or eight gigabytes that take no space."""
    if chance.random() < 0.5:
        os.mkfifo(new_name(tree, chance))
    else:
        os.truncate(image(tree, chance), 8 << 30)


MUTATIONS: list[Mutation] = [
    damaged_bytes, noise, another_size, huge_dimensions, bomb, another_kind, another_name,
    renamed_class, another_folder, nested, link, no_regular_file,
]  # fmt: skip


def expected_pixels(tree: Path) -> bytes:
    """All images by torchvision's loader and `Grayscale`, in the order of classes and names."""
    import_torchvision()
    from torchvision.datasets.folder import pil_loader
    from torchvision.transforms import Grayscale

    paths = [
        tree / split / name / file
        for split in ("train", "test")
        for name in CLASSES
        for file in sorted(path.name for path in (tree / split / name).iterdir())
        if not file.startswith(".")
    ]
    return b"".join(Grayscale()(pil_loader(str(path))).tobytes() for path in paths)


def peak() -> int:
    """The most memory that this process has held, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.fixture(scope="module")
def whole_trees(
    tmp_path_factory: pytest.TempPathFactory, write_tree: Callable[..., Path]
) -> list[Path]:
    folder = tmp_path_factory.mktemp("whole")
    return [write_tree(folder / suffix, 2, suffix) for suffix in ("png", "jpg")]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "seed",
    [pytest.param(n, marks=[pytest.mark.slow] * (n >= len(MUTATIONS))) for n in range(CASES)],
)
def test_right_images_or_one_sentence(
    seed: int, tmp_path: Path, whole_trees: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    tree = shutil.copytree(chance.choice(whole_trees), tmp_path / "tree")
    MUTATIONS[seed % len(MUTATIONS)](tree, chance)
    before = peak()
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
    assert peak() - before < GIBIBYTE
    shutil.rmtree(tree)
