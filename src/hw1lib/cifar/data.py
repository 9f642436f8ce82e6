"""CIFAR-10 in shades of grey: read once, then loaded from one cached file."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from hw1lib.cifar.download import (
    BATCHES,
    damaged_files,
    fetch_cifar10,
    root_of,
    torchvision_cifar10,
)
from hw1lib.cifar.image_tree import (
    SIDE,
    Folder,
    is_image_tree,
    list_files,
    list_images,
    read_images,
    state_of,
)
from hw1lib.errors import InputError, shown
from hw1lib.files import replacing

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
CACHE = "cifar10-grayscale.safetensors"
TENSORS = ("train_pixels", "train_labels", "test_pixels", "test_labels")


@dataclass(frozen=True)
class Split:
    """Images and their classes.

    Attributes:
        pixels: (N, 1024) uint8, one grayscale image per row, from 0 (black) to 255 (white).
        labels: (N,) int64, indices into `CLASSES`.
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Cifar10:
    """The training set, the test set and, in words, where they come from."""

    train: Split
    test: Split
    source: str

    def tensors(self) -> list[Tensor]:
        """Pixels and labels in the order of `TENSORS`."""
        return [self.train.pixels, self.train.labels, self.test.pixels, self.test.labels]

    def digest(self) -> str:
        """The SHA-256 of all pixels and labels, in hexadecimal."""
        total = hashlib.sha256()
        for tensor in self.tensors():
            total.update(tensor.contiguous().numpy().data)
        return total.hexdigest()


def load_cifar10(data_dir: Path) -> Cifar10:
    """The images in grey, flattened, from the cache in `data_dir` if no file has changed.

    `data_dir` has torchvision's files (`cifar-10-batches-py/`, checked by md5) or an image tree
    (`train/<class>/*.png` and `test/<class>/*.png`, or .jpg). CIFAR-10 is downloaded into it if it
    has neither. It may also be `cifar-10-batches-py/` itself.

    Raises:
        InputError: files are damaged, missing, not images or all of one shade, or can't be
            downloaded.
    """
    data_dir = root_of(data_dir)
    try:
        is_tree = is_image_tree(data_dir)
        if not is_tree and not (data_dir / BATCHES).is_dir():
            fetch_cifar10(data_dir)
        folders = list_images(data_dir, CLASSES) if is_tree else [list_files(data_dir / BATCHES)]
        state = state_of(folders)
        data = _read_cache(data_dir / CACHE, state)
        if data is None:
            data = _read_tree(folders) if is_tree else _read_batches(data_dir)
            _check_shades(data, data_dir)
            _write_cache(data_dir / CACHE, state, data)
    except OSError as error:
        raise InputError(
            f"{shown(error.filename or data_dir)} can't be read ({error.strerror or error}); "
            "repair it, or name another folder with --data-dir or HW1_DATA."
        ) from error
    return data


def _check_shades(data: Cifar10, data_dir: Path) -> None:
    """Refuses images that show nothing: from them nothing can be learned."""
    for name, split in (("training", data.train), ("test", data.test)):
        if bool((split.pixels.amin(1) == split.pixels.amax(1)).all()):
            raise InputError(
                f"each of the {name} images in {shown(data_dir)} is of one shade; name a folder "
                "with pictures with --data-dir or HW1_DATA."
            )


def _read_tree(folders: Sequence[Folder]) -> Cifar10:
    """Decodes the images of an image tree."""
    paths = [file.path for folder in folders for file in folder]
    images = tqdm(read_images(paths), "Reading images", len(paths), disable=None)
    pixels = torch.frombuffer(bytearray().join(images), dtype=torch.uint8).view(-1, SIDE * SIDE)
    sizes = torch.tensor([len(folder) for folder in folders])
    labels = torch.arange(len(CLASSES)).repeat(2).repeat_interleave(sizes)
    size = int(sizes[: len(CLASSES)].sum())
    suffixes = sorted({Path(path).suffix.lower() for path in paths})
    return Cifar10(
        Split(pixels[:size], labels[:size]),
        Split(pixels[size:], labels[size:]),
        f"an image tree of {' and '.join(suffixes)} files",
    )


def _read_batches(data_dir: Path) -> Cifar10:
    """Reads torchvision's own files, whose md5 torchvision checks."""
    splits = []
    for train in (True, False):
        try:
            dataset = torchvision_cifar10()(data_dir, train)
        except RuntimeError as error:
            damaged = [*damaged_files(data_dir), data_dir][0]
            raise InputError(
                f"{shown(damaged)} is missing or damaged (md5); `hw1 data` repairs it."
            ) from error
        column = Image.fromarray(dataset.data.reshape(-1, SIDE, 3))  # all images, one below another
        pixels = torch.frombuffer(bytearray(column.convert("L").tobytes()), dtype=torch.uint8)
        splits.append(Split(pixels.view(-1, SIDE * SIDE), torch.tensor(dataset.targets)))
    return Cifar10(splits[0], splits[1], "torchvision's own files, md5 checked")


def _read_cache(path: Path, state: str) -> Cifar10 | None:
    """What `_write_cache` wrote; None if files have changed or the cache is damaged.

    The tensors are mapped into memory, which processes share.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("state") != state:
                return None
            tensors = [file.get_tensor(name) for name in TENSORS]
    except (OSError, SafetensorError, ValueError):  # ValueError: a path that is not in UTF-8
        return None
    data = Cifar10(Split(*tensors[:2]), Split(*tensors[2:]), metadata.get("source", ""))
    return data if metadata.get("digest") == data.digest() else None


def _write_cache(path: Path, state: str, data: Cifar10) -> None:
    """Writes the cache, or a line to stderr if the folder can't be written to."""
    metadata = {"state": state, "source": data.source, "digest": data.digest()}
    content = save(dict(zip(TENSORS, data.tensors(), strict=True)), metadata)
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except InputError as error:
        print(f"The images will be read again next time: {error}", file=sys.stderr)
