"""CIFAR-10 in shades of grey: read once, cached as bytes."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from hw1lib.cifar.archive import Archive, damaged_files
from hw1lib.cifar.download import fetch
from hw1lib.cifar.grayscale import SIDE, read_all_gray
from hw1lib.cifar.image_tree import Folder, class_folders, image_paths, list_folder, state_of
from hw1lib.cifar.pixel_cache import read_cache, write_cache
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError, shown

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SPLITS = ("train", "test")
CACHE = "cifar10-grayscale.safetensors"
BATCHES = "cifar-10-batches-py"


@dataclass(frozen=True)
class Split:
    """Images and what they show.

    Attributes:
        pixels: (N, 1024) uint8, one grayscale image a row, 0 black to 255 white.
        labels: (N,) int64, an index into `CLASSES`.
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Cifar10:
    """The training and the test set, and in words where they come from."""

    train: Split
    test: Split
    source: str

    def digest(self) -> str:
        """SHA-256 over all pixels and labels: the same for the same images in the same order."""
        total = hashlib.sha256()
        for split in (self.train, self.test):
            total.update(split.pixels.contiguous().numpy().data)
            total.update(split.labels.contiguous().numpy().data)
        return total.hexdigest()


def default_data_dir() -> Path:
    """The folder named by the environment variable HW1_DATA, else `data`."""
    return Path(os.environ.get("HW1_DATA") or "data")


def load_cifar10(data_dir: Path) -> Cifar10:
    """The images of `data_dir`, grey and flattened, from its cache where that is up to date.

    `data_dir` holds torchvision's files (`cifar-10-batches-py/`, checked by md5) or an image tree
    (`train/<class>/*.png`, `test/<class>/…`, or .jpg). With neither, CIFAR-10 is fetched into it.

    Raises:
        InputError: the files are damaged, incomplete or of another kind, or can't be fetched.
    """
    try:
        if not (is_tree := _is_tree(data_dir)) and not (data_dir / BATCHES).is_dir():
            fetch_cifar10(data_dir)
        paths = _class_folders(data_dir) if is_tree else [data_dir / BATCHES]
        folders = [list_folder(path) for path in paths]
        state = state_of(folders)
        cached = read_cache(data_dir / CACHE, state)
        if cached is not None:
            return _from_tensors(*cached)
        data = _read_tree(folders) if is_tree else _read_batches(data_dir)
    except OSError as error:
        raise InputError(
            f"{shown(error.filename or data_dir)} can't be read ({error.strerror or error}): "
            "repair or remove it, or name another folder by --data-dir or HW1_DATA."
        ) from error
    try:
        write_cache(data_dir / CACHE, _to_tensors(data), state, data.source)
    except InputError as error:
        print(f"The images will be read anew next time: {error}", file=sys.stderr)
    return data


def fetch_cifar10(data_dir: Path, mirrors: Sequence[str] = ()) -> None:
    """Puts torchvision's CIFAR-10 files into `data_dir`, unless they or an image tree are there.

    Args:
        data_dir: where to.
        mirrors: addresses of cifar-10-python.tar.gz to try before torchvision's own.

    Raises:
        InputError: see `hw1lib.cifar.download.fetch`.
    """
    if not _is_tree(data_dir):
        fetch(torchvision_archive(), data_dir, mirrors)


def torchvision_archive() -> Archive:
    """What torchvision knows of the archive: its address, md5 and files."""
    import_torchvision()
    from torchvision.datasets import CIFAR10

    files = dict([*CIFAR10.train_list, *CIFAR10.test_list])
    files[CIFAR10.meta["filename"]] = CIFAR10.meta["md5"]
    return Archive(CIFAR10.url, CIFAR10.filename, CIFAR10.tgz_md5, CIFAR10.base_folder, files)


def _is_tree(data_dir: Path) -> bool:
    """Whether `data_dir` holds an image tree, or a part of one."""
    if data_dir.exists() and not data_dir.is_dir():
        raise InputError(
            f"{shown(data_dir)} is a file: name a folder by --data-dir or HW1_DATA instead."
        )
    return any(os.path.lexists(data_dir / name) for name in SPLITS)


def _class_folders(data_dir: Path) -> list[Path]:
    """Of the training classes, then of the test classes."""
    return [path for name in SPLITS for path in class_folders(data_dir / name, CLASSES)]


def _read_tree(folders: Sequence[Folder]) -> Cifar10:
    """An image tree, in the order in which torchvision's `ImageFolder` has it."""
    images = [image_paths(folder) for folder in folders]
    paths = [path for of_class in images for path in of_class]
    pixels = bytearray()
    for image in tqdm(read_all_gray(paths), "Reading images", len(paths), disable=None):
        pixels += image
    rows = torch.frombuffer(pixels, dtype=torch.uint8).view(-1, SIDE * SIDE)
    labels = torch.arange(len(CLASSES)).repeat(len(SPLITS))
    labels = labels.repeat_interleave(torch.tensor([len(of_class) for of_class in images]))
    size = sum(map(len, images[: len(CLASSES)]))
    suffixes = sorted({Path(path).suffix.lower() for path in paths})
    return Cifar10(
        Split(rows[:size], labels[:size]),
        Split(rows[size:], labels[size:]),
        f"an image tree of {' and '.join(suffixes)} files",
    )


def _read_batches(data_dir: Path) -> Cifar10:
    """Torchvision's own files, whose md5 sums it has checked."""
    import_torchvision()
    from torchvision.datasets import CIFAR10

    damaged = damaged_files(torchvision_archive(), data_dir)
    if damaged:
        raise InputError(
            f"{shown(damaged[0])} is missing or damaged (md5): `hw1 data` puts it right."
        )
    splits = []
    for train in (True, False):
        dataset = CIFAR10(str(data_dir), train=train)
        column = Image.fromarray(dataset.data.reshape(-1, SIDE, 3))  # all images in one
        pixels = torch.frombuffer(bytearray(column.convert("L").tobytes()), dtype=torch.uint8)
        splits.append(Split(pixels.view(-1, SIDE * SIDE), torch.tensor(dataset.targets)))
    return Cifar10(splits[0], splits[1], "torchvision's CIFAR-10 files, md5 checked")


def _to_tensors(data: Cifar10) -> dict[str, Tensor]:
    """What the cache holds; labels as bytes."""
    return {
        "train_pixels": data.train.pixels,
        "train_labels": data.train.labels.byte(),
        "test_pixels": data.test.pixels,
        "test_labels": data.test.labels.byte(),
    }


def _from_tensors(tensors: Mapping[str, Tensor], source: str) -> Cifar10:
    """The inverse of `_to_tensors`."""
    train, test = (
        Split(tensors[f"{name}_pixels"], tensors[f"{name}_labels"].long()) for name in SPLITS
    )
    return Cifar10(train, test, source)
