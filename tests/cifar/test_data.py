from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hw1lib.cifar import data as data_module
from hw1lib.cifar.data import BATCHES, CACHE, CLASSES, default_data_dir, load_cifar10
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError
from mirrors import CONTENT, NAME, good, mirror, use_small_cifar10

DIGEST = "757aa3ba1da4dd22a733b615d7a55dcd6445acfec78e7daf3703b0d4f195bafb"


@pytest.fixture
def small(tmp_path: Path, write_tree: Callable[..., Path]) -> Path:
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


def replace_keeping_size_and_time(path: Path) -> None:
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda path: shutil.copy(path.parents[1] / "dog" / "0.png", path),
        lambda path: shutil.copy(path, path.with_name("1.png")),
        lambda path: path.rename(path.with_name("2.png")),
        lambda path: path.unlink(),
        replace_keeping_size_and_time,
    ],
)
def test_the_cache_is_used_until_a_file_changes(
    small: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    digest = load_cifar10(small).digest()

    def reads(*_: object) -> None:
        raise InputError("The files are read.")

    monkeypatch.setattr(data_module, "read_images", reads)
    monkeypatch.chdir(small.parent)
    for path in (small, Path(small.name)):
        assert load_cifar10(path).digest() == digest
    change(small / "train" / "cat" / "0.png")
    with pytest.raises(InputError, match=r"The files are read|train/cat is empty"):
        load_cifar10(small)


def test_the_images_in_memory_are_not_the_cache(small: Path) -> None:
    digest = load_cifar10(small).digest()
    load_cifar10(small).train.pixels.zero_()
    assert load_cifar10(small).digest() == digest


def test_a_damaged_cache_is_not_used(small: Path) -> None:
    """One bit flipped anywhere, or the end cut off: the same images come from the files."""
    first = load_cifar10(small)
    whole = (small / CACHE).read_bytes()
    chance = random.Random(0)
    header = int.from_bytes(whole[:8], "little") + 8
    places = [chance.randrange(header) for _ in range(40)]
    places += [chance.randrange(header, len(whole)) for _ in range(20)]
    damages = [whole[:size] for size in (0, 7, header, len(whole) - 1)]
    for place in places:
        flipped = whole[place] ^ 1 << chance.randrange(8)
        damages.append(whole[:place] + bytes([flipped]) + whole[place + 1 :])
    for damaged in damages:
        (small / CACHE).write_bytes(damaged)
        data = load_cifar10(small)
        assert (data.digest(), data.source) == (first.digest(), first.source)
        assert (small / CACHE).read_bytes() != damaged


def test_without_a_cache_it_still_works(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = load_cifar10(small).digest()
    (small / CACHE).unlink()
    (small / CACHE).mkdir()  # so that no file can be there
    assert load_cifar10(small).digest() == digest
    assert "will be read again next time" in capsys.readouterr().err


def test_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW1_DATA", raising=False)
    assert default_data_dir() == Path("data")
    monkeypatch.setenv("HW1_DATA", "/elsewhere")
    assert default_data_dir() == Path("/elsewhere")
