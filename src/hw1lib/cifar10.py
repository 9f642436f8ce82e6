"""CIFAR-10 in shades of grey: read once, cached as bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from hw1lib.errors import InputError
from hw1lib.files import replacing
from hw1lib.torchvision_import import import_torchvision

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SIDE = 32
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
            total.update(split.pixels.numpy().tobytes())
            total.update(split.labels.numpy().tobytes())
        return total.hexdigest()


def default_data_dir() -> Path:
    """The folder named by the environment variable HW1_DATA, else `data`."""
    return Path(os.environ.get("HW1_DATA") or "data")


def load_cifar10(data_dir: Path) -> Cifar10:
    """The images of `data_dir`, grey and flattened, from its cache where that is up to date.

    `data_dir` holds torchvision's files (`cifar-10-batches-py/`, checked by md5) or an image tree
    (`train/<class>/*.png`, `test/<class>/…`, or .jpg). With neither, torchvision downloads into it.

    Raises:
        InputError: the files are damaged, incomplete or of another kind, or the download failed.
    """
    is_tree = any((data_dir / name).is_dir() for name in ("train", "test"))
    if not is_tree:
        _ensure_batches(data_dir)
    state = _fingerprint_of_files(data_dir, ("train", "test") if is_tree else (BATCHES,))
    cached = _read_cache(data_dir / CACHE, state)
    if cached is not None:
        return cached
    data = _read_tree(data_dir) if is_tree else _read_batches(data_dir)
    _write_cache(data_dir / CACHE, data, state)
    return data


def grayscale() -> Callable[[Image.Image], Tensor]:
    """The function from an image to its (1024,) uint8 pixels, grey by torchvision's `Grayscale`."""
    import_torchvision()
    from torchvision.transforms import Compose, Grayscale, PILToTensor

    to_pixels: Callable[[Image.Image], Tensor] = Compose(
        [Grayscale(), PILToTensor(), torch.flatten]
    )
    return to_pixels


def _read_batches(data_dir: Path) -> Cifar10:
    """Torchvision's own files, whose md5 sums it has checked."""
    import_torchvision()
    from torchvision.datasets import CIFAR10

    splits = []
    for train in (True, False):
        dataset = CIFAR10(str(data_dir), train=train)
        images = (Image.fromarray(array) for array in dataset.data)
        pixels = _gray_pixels(images, len(dataset), "train" if train else "test")
        splits.append(Split(pixels, torch.tensor(dataset.targets)))
    return Cifar10(splits[0], splits[1], "torchvision's CIFAR-10 files, md5 checked")


def _ensure_batches(data_dir: Path) -> None:
    """Downloads torchvision's CIFAR-10 unless it is there and whole."""
    import_torchvision()
    from torchvision.datasets import CIFAR10

    if (data_dir / BATCHES).is_dir():
        try:
            CIFAR10(str(data_dir))
        except RuntimeError as error:
            raise InputError(
                f"{data_dir / BATCHES} is damaged or incomplete (md5): delete it, and it is "
                "downloaded again."
            ) from error
        return
    try:
        CIFAR10(str(data_dir), download=True)
    except Exception as error:  # torchvision raises whatever urllib, tarfile and md5 checks raise
        raise InputError(
            f"CIFAR-10 is not in {data_dir} and can't be downloaded ({error}): put "
            "cifar-10-python.tar.gz there, or name a folder that has it by --data-dir or HW1_DATA."
        ) from error


def _read_tree(data_dir: Path) -> Cifar10:
    """An image tree as torchvision's `ImageFolder` reads it."""
    splits, suffixes = [], set()
    for name in ("train", "test"):
        samples = _samples(data_dir / name)
        paths = [Path(path) for path, _ in samples]
        suffixes |= {path.suffix.lower() for path in paths}
        pixels = _gray_pixels(map(_open, paths), len(paths), name)
        splits.append(Split(pixels, torch.tensor([label for _, label in samples])))
    return Cifar10(splits[0], splits[1], f"an image tree of {' and '.join(sorted(suffixes))} files")


def _samples(folder: Path) -> list[tuple[str, int]]:
    """Path and label of every image in `folder`."""
    import_torchvision()
    from torchvision.datasets import ImageFolder

    try:
        dataset = ImageFolder(str(folder))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} is no image tree: {error}") from error
    missing = sorted(set(CLASSES) - set(dataset.classes))
    extra = sorted(set(dataset.classes) - set(CLASSES))
    if missing or extra:
        wrong = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(extra)} besides"
        raise InputError(f"{folder} {wrong}: it must hold one folder for each CIFAR-10 class.")
    samples: list[tuple[str, int]] = dataset.samples
    return samples


def _open(path: Path) -> Image.Image:
    """The image file `path`, decoded to 32x32 RGB."""
    try:
        with Image.open(path) as image:
            decoded = image.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} is no readable image: replace or remove it.") from error
    if decoded.size != (SIDE, SIDE):
        size = "x".join(map(str, decoded.size))
        raise InputError(f"{path} is {size} pixels: CIFAR-10 images are {SIDE}x{SIDE}.")
    return decoded


def _gray_pixels(images: Iterable[Image.Image], total: int, name: str) -> Tensor:
    """(total, 1024) uint8, with a progress bar."""
    progress = tqdm(images, f"Reading {name} images", total, disable=None)
    return torch.stack(list(map(grayscale(), progress)))


def _fingerprint_of_files(data_dir: Path, folders: tuple[str, ...]) -> str:
    """SHA-256 over names, sizes and times of all files below `folders`: cheap to compute."""
    total = hashlib.sha256()
    for folder in folders:
        for parent, names, files in os.walk(data_dir / folder):
            names.sort()
            for file in sorted(files):
                status = (Path(parent) / file).stat()
                entry = (
                    os.path.relpath(parent, data_dir),
                    file,
                    status.st_size,
                    status.st_mtime_ns,
                )
                total.update(repr(entry).encode())
    return total.hexdigest()


def _read_cache(path: Path, state: str) -> Cifar10 | None:
    """The cached images, or None where there is no whole cache of this `state` of the files."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("state") != state:
                return None
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None
    data = Cifar10(
        Split(tensors["train_pixels"], tensors["train_labels"].long()),
        Split(tensors["test_pixels"], tensors["test_labels"].long()),
        metadata["source"],
    )
    return data if data.digest() == metadata.get("digest") else None


def _write_cache(path: Path, data: Cifar10, state: str) -> None:
    """Caches the images; a folder that can't be written to goes without."""
    tensors = {
        "train_pixels": data.train.pixels,
        "train_labels": data.train.labels.byte(),
        "test_pixels": data.test.pixels,
        "test_labels": data.test.labels.byte(),
    }
    metadata = {"state": state, "source": data.source, "digest": data.digest()}
    with suppress(InputError), replacing(path) as temporary:
        save_file(tensors, temporary, metadata)
