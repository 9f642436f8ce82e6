"""CIFAR-10 in shades of grey, read by torchvision: flattened, standardised, and held out."""

from __future__ import annotations

import hashlib
import importlib
import sys
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import URLError

import torch
from PIL import Image
from torch import Tensor

from hw1lib.errors import InputError, shown

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SIDE = 32  # pixels


@dataclass(frozen=True)
class Split:
    """Images and their classes.

    Attributes:
        pixels: (N, 1024), one grayscale image per row: uint8 from 0 (black) to 255 (white) as
            loaded, float32 once standardised.
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
        """Pixels and labels of the training set, then of the test set."""
        return [self.train.pixels, self.train.labels, self.test.pixels, self.test.labels]

    def digest(self) -> str:
        """The SHA-256 of all pixels and labels, in hexadecimal."""
        total = hashlib.sha256()
        for tensor in self.tensors():
            total.update(tensor.contiguous().numpy().data)
        return total.hexdigest()


def load_cifar10(data_dir: Path) -> Cifar10:
    """The images in grey, flattened, from torchvision's files in `data_dir`.

    If the folder `cifar-10-batches-py` is not there, torchvision unpacks the archive in `data_dir`,
    or downloads it first. `data_dir` may also be `cifar-10-batches-py` itself.

    Raises:
        InputError: a file is missing or damaged (md5), or can't be downloaded, read or written.
    """
    data_dir = root_of(data_dir)
    train, test = (_grey(_read(data_dir, train)) for train in (True, False))
    return Cifar10(train, test, "torchvision's own files, md5 checked")


def standardise(data: Cifar10) -> tuple[Split, Split]:
    """Both splits as float32, by mean and standard deviation of the training pixels (@sec-data).

    Returns:
        The training set and the test set, with pixels of shape (N, 1024) without a unit.
    """
    counts = torch.bincount(data.train.pixels.flatten(), minlength=256).double()
    levels = torch.arange(256, dtype=torch.float64)
    mean = ((counts @ levels) / counts.sum()).item()
    deviation = ((counts @ (levels - mean).square()) / counts.sum()).sqrt().item()

    def scaled(split: Split) -> Split:
        return Split(split.pixels.float().sub_(mean).div_(deviation), split.labels)

    return scaled(data.train), scaled(data.test)


def hold_out(labels: Tensor, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Splits off a class-balanced validation set (@sec-early).

    Args:
        labels: (N,) class of every training image.
        count: number of images to hold out, the same number of each class.
        seed: seed of the choice.

    Returns:
        Indices of the images to train on and of the held-out ones, both in ascending order.
    """
    generator = torch.Generator().manual_seed(seed)
    classes = labels.unique().tolist()
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for label in classes:
        images = (labels == label).nonzero().flatten()
        shuffled = images[torch.randperm(len(images), generator=generator)]
        chosen[shuffled[: count // len(classes)]] = True
    return (~chosen).nonzero().flatten(), chosen.nonzero().flatten()


def root_of(data_dir: Path) -> Path:
    """The folder that has `cifar-10-batches-py`, also if that itself is named."""
    path = data_dir.absolute()
    return path.parent if path.name == torchvision_cifar10().base_folder else data_dir


def torchvision_cifar10() -> Any:  # noqa: ANN401  # torchvision has no types
    """The class `torchvision.datasets.CIFAR10`."""
    return import_torchvision().datasets.CIFAR10


def import_torchvision() -> ModuleType:
    """Returns torchvision, also beside a torch of another build, such as one for CPUs.

    Datasets and transforms need none of torchvision's compiled operators, but its import fails
    where they can't be loaded ("operator torchvision::nms does not exist", pytorch/vision#8985).
    Declared by name, they let it pass.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in ("nms", "qnms"):
        schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define(f"torchvision::{name}", schema)
    return importlib.import_module("torchvision")


def _read(data_dir: Path, train: bool) -> Any:  # noqa: ANN401
    """Torchvision's training or test set; what goes wrong there becomes one sentence."""
    cifar10 = torchvision_cifar10()
    folder, archive = data_dir / cifar10.base_folder, data_dir / cifar10.filename
    by_hand = f"put {archive.name} (md5 {cifar10.tgz_md5}) there by other means."
    try:
        lacking = not folder.is_dir()
        if lacking and not archive.exists():
            print(f"Downloading CIFAR-10 into {shown(data_dir)} (170 MB)", file=sys.stderr)
        return cifar10(data_dir, train, download=lacking)
    except RuntimeError as error:
        if folder.is_dir():
            raise InputError(
                f"{shown(_first_damaged(folder))} is missing or damaged (md5): delete the folder "
                f"{shown(folder)}, and CIFAR-10 is unpacked or downloaded anew."
            ) from error
        raise InputError(
            f"{shown(archive)}, which came from {cifar10.url}, is not the whole archive (wrong "
            f"md5): try again later, or {by_hand}"
        ) from error
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        reason = error.reason if type(error) is URLError else error
        there = (
            f"{shown(archive)} is damaged"
            if archive.exists()
            else (f"CIFAR-10 is not in {shown(data_dir)}")
        )
        raise InputError(
            f"{there} and can't be downloaded from {cifar10.url} "
            f"({shown(str(reason))}): try again later, or {by_hand}"
        ) from error
    except OSError as error:
        raise InputError(
            f"{shown(error.filename or data_dir)} can't be read or written "
            f"({error.strerror or error}): free some space or give the rights, or name another "
            "folder with --data-dir or HW1_DATA."
        ) from error


def _first_damaged(folder: Path) -> Path:
    """The first of torchvision's files that is missing or has another md5; else the folder."""
    from torchvision.datasets.utils import check_integrity

    cifar10 = torchvision_cifar10()
    files = [*cifar10.train_list, *cifar10.test_list]
    files.append((cifar10.meta["filename"], cifar10.meta["md5"]))
    damaged = (folder / name for name, md5 in files if not check_integrity(folder / name, md5))
    return next(damaged, folder)


def _grey(dataset: Any) -> Split:  # noqa: ANN401
    """The pixels of `torchvision.transforms.Grayscale`: Pillow's luma (ITU-R 601)."""
    column = Image.fromarray(dataset.data.reshape(-1, SIDE, 3))  # all images, one below another
    pixels = torch.frombuffer(bytearray(column.convert("L").tobytes()), dtype=torch.uint8)
    return Split(pixels.view(-1, SIDE * SIDE), torch.tensor(dataset.targets))
