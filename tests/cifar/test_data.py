from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from hw1lib.cifar import data as data_module
from hw1lib.cifar.data import CACHE, CLASSES, load_cifar10
from hw1lib.cifar.download import BATCHES
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError
from mirrors import CONTENT, NAME, good, mirror, use_small_cifar10
from trainings import write_tree

DIGEST = "757aa3ba1da4dd22a733b615d7a55dcd6445acfec78e7daf3703b0d4f195bafb"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """An image tree to change."""
    return write_tree(tmp_path / "tree", per_class=1)


@pytest.fixture
def batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small folder in torchvision's layout."""
    use_small_cifar10(monkeypatch)
    (tmp_path / BATCHES).mkdir()
    for name, content in CONTENT.items():
        (tmp_path / BATCHES / name).write_bytes(content)
    return tmp_path


def assert_is_torchvisions(folder: Path) -> None:
    """All pixels and labels are torchvision's, each image through its `Grayscale`."""
    import_torchvision()
    from torchvision.datasets import CIFAR10
    from torchvision.transforms import Compose, Grayscale, PILToTensor

    data = load_cifar10(folder)
    assert data.source == "torchvision's own files, md5 checked"
    for train, split in ((True, data.train), (False, data.test)):
        expected = CIFAR10(folder, train, Compose([Grayscale(), PILToTensor()]))
        assert split.labels.tolist() == expected.targets
        assert split.pixels.shape == (len(expected), 1024)
        assert tuple(expected.classes) == CLASSES
        for i in range(0, len(expected), max(1, len(expected) // 1000)):
            assert torch.equal(split.pixels[i], expected[i][0].flatten())


def test_reads_torchvisions_files(batches: Path) -> None:
    assert_is_torchvisions(batches)
    assert load_cifar10(batches / BATCHES).digest() == load_cifar10(batches).digest()


def test_images_that_show_nothing_are_refused(small: Path) -> None:
    for number, path in enumerate(sorted(small.rglob("*.png"))):
        Image.new("L", (32, 32), number).save(path)
    with pytest.raises(InputError, match=r"each of the training images in .* is of one shade"):
        load_cifar10(small)


@pytest.mark.images
def test_the_real_images_are_torchvisions(images: Path) -> None:
    assert_is_torchvisions(images)
    assert load_cifar10(images).digest() == DIGEST


@pytest.mark.images
def test_the_cache_is_read_in_a_moment(images: Path) -> None:
    """Measured in processor time, as other tests may run beside it."""
    load_cifar10(images)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        load_cifar10(images)
        seconds.append(time.process_time() - start)
    assert sorted(seconds)[2] < 0.3


@pytest.mark.parametrize("name", CONTENT)
def test_damaged_torchvision_files_are_named(batches: Path, name: str) -> None:
    (batches / BATCHES / name).write_bytes(CONTENT[name][:-1])
    with pytest.raises(InputError, match=rf"{name} is missing or damaged \(md5\); `hw1 data`"):
        load_cifar10(batches)


def test_an_empty_folder_gets_the_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mirror(good) as server:
        use_small_cifar10(monkeypatch, url=server.url)
        assert_is_torchvisions(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} > {BATCHES, CACHE, NAME}


def flip_a_bit_behind_its_back(path: Path) -> None:
    """Size and time of modification stay."""
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda path: shutil.copy(path, path.with_name("1.png")),
        lambda path: path.rename(path.with_name("2.png")),
        flip_a_bit_behind_its_back,
    ],
)
def test_the_cache_is_used_until_a_file_changes(
    small: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    digest = load_cifar10(small).digest()

    def reads(*_: object) -> None:
        raise InputError("The files are read.")

    monkeypatch.setattr(data_module, "read_images", reads)
    assert load_cifar10(small).digest() == digest
    change(small / "train" / "cat" / "0.png")
    with pytest.raises(InputError, match="The files are read"):
        load_cifar10(small)


def test_a_damaged_cache_is_not_used(small: Path) -> None:
    """A bit of the pixels flipped, or the end cut off: the same images come from the files."""
    digest = load_cifar10(small).digest()
    whole = (small / CACHE).read_bytes()
    header = int.from_bytes(whole[:8], "little") + 8
    flipped = bytearray(whole)
    flipped[random.Random(0).randrange(header, len(whole))] ^= 4
    for damaged in (b"", whole[:header], whole[:-1], bytes(flipped)):
        (small / CACHE).write_bytes(damaged)
        assert load_cifar10(small).digest() == digest
        assert (small / CACHE).read_bytes() != damaged


def test_without_a_cache_it_still_works(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = load_cifar10(small).digest()
    (small / CACHE).unlink()
    (small / CACHE).mkdir()  # so that no file can be there
    assert load_cifar10(small).digest() == digest
    assert "will be read again next time" in capsys.readouterr().err
