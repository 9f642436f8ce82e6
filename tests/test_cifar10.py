from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from hw1lib.cifar10 import CACHE, CLASSES, default_data_dir, load_cifar10
from hw1lib.errors import InputError


def test_reads_an_image_tree(tree: Path) -> None:
    data = load_cifar10(tree)
    assert data.train.pixels.shape == (40, 1024)
    assert data.train.pixels.dtype == torch.uint8
    assert data.test.labels.tolist() == [label for label in range(10) for _ in range(4)]
    assert data.source == "an image tree of .png files"


def test_grey_is_the_luma_of_the_colours(tree: Path) -> None:
    """Against ITU-R 601's formula, within the rounding of a byte."""
    data = load_cifar10(tree)
    with Image.open(tree / "train" / "bird" / "2.png") as image:
        colours = torch.tensor(list(image.convert("RGB").get_flattened_data()), dtype=torch.float64)
    luma = colours @ torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)
    pixels = data.train.pixels[CLASSES.index("bird") * 4 + 2]
    assert float((luma - pixels).abs().max()) <= 1


def test_cache_is_used_until_files_change(tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    folder = write_tree(tmp_path / "tree", per_class=1)
    first = load_cifar10(folder)
    assert (folder / CACHE).is_file()
    assert load_cifar10(folder).digest() == first.digest()
    shutil.copy(folder / "train" / "cat" / "0.png", folder / "train" / "dog" / "0.png")
    changed = load_cifar10(folder)
    assert torch.equal(changed.train.pixels[3], changed.train.pixels[5])


def test_a_damaged_cache_is_not_used(tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    folder = write_tree(tmp_path / "tree", per_class=1)
    digest = load_cifar10(folder).digest()
    cache = bytearray((folder / CACHE).read_bytes())
    cache[-5000] ^= 1
    (folder / CACHE).write_bytes(cache)
    assert load_cifar10(folder).digest() == digest


def test_a_missing_class_is_named(tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    folder = write_tree(tmp_path / "tree", per_class=1)
    shutil.rmtree(folder / "test" / "ship")
    with pytest.raises(InputError, match="test lacks ship"):
        load_cifar10(folder)


def test_an_image_of_another_size_is_named(tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    folder = write_tree(tmp_path / "tree", per_class=1)
    Image.new("RGB", (31, 32)).save(folder / "train" / "frog" / "0.png")
    with pytest.raises(InputError, match=r"frog/0\.png is 31x32 pixels"):
        load_cifar10(folder)


def test_an_undecodable_image_is_named(tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    folder = write_tree(tmp_path / "tree", per_class=1)
    (folder / "train" / "frog" / "0.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"frog/0\.png is no readable image"):
        load_cifar10(folder)


def test_damaged_torchvision_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"cut short")
    with pytest.raises(InputError, match="damaged or incomplete"):
        load_cifar10(tmp_path)


def test_reads_torchvisions_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canonical files can't be had everywhere: torchvision's reader is given small ones."""
    import hashlib
    import pickle

    from hw1lib.torchvision_import import import_torchvision

    import_torchvision()
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()

    def write(name: str, content: dict[str, object]) -> list[str]:
        (folder / name).write_bytes(pickle.dumps(content))
        return [name, hashlib.md5((folder / name).read_bytes()).hexdigest()]  # noqa: S324

    grey = torch.arange(3072).remainder(1024).remainder(256).to(torch.uint8).numpy()
    batch = {"data": grey[None], "labels": [7]}
    meta = write("batches.meta", {"label_names": list(CLASSES)})
    monkeypatch.setattr(CIFAR10, "train_list", [write("data_batch_1", batch)])
    monkeypatch.setattr(CIFAR10, "test_list", [write("test_batch", batch)])
    monkeypatch.setattr(
        CIFAR10, "meta", {"filename": meta[0], "key": "label_names", "md5": meta[1]}
    )
    data = load_cifar10(tmp_path)
    assert data.train.labels.tolist() == data.test.labels.tolist() == [7]
    assert data.train.pixels[0].tolist() == [i % 256 for i in range(1024)]
    assert "md5 checked" in data.source


def test_a_failing_download_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hw1lib.torchvision_import import import_torchvision

    import_torchvision()
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(InputError, match=r"can't be downloaded.*cifar-10-python\.tar\.gz"):
        load_cifar10(tmp_path / "nothing")


def test_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW1_DATA", raising=False)
    assert default_data_dir() == Path("data")
    monkeypatch.setenv("HW1_DATA", "/elsewhere")
    assert default_data_dir() == Path("/elsewhere")


@pytest.mark.images
def test_the_real_images_are_all_there(images: Path) -> None:
    data = load_cifar10(images)
    assert (len(data.train), len(data.test)) == (50_000, 10_000)
    assert torch.bincount(data.train.labels).tolist() == [5000] * 10
    assert torch.bincount(data.test.labels).tolist() == [1000] * 10
    assert 115 < float(data.train.pixels.double().mean()) < 127
