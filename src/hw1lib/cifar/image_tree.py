"""An image tree: one folder per class, decoded to grey pixels on all cores.

Nothing here needs torch, so that the processes that decode images start at once.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from hw1lib.errors import InputError, shown

SPLITS = ("train", "test")
SUFFIXES = (".png", ".jpg", ".jpeg")
SIDE = 32  # pixels
CHUNK = 5000  # images per process, which starts in a tenth of the time that it takes to read them
PROGRAM = """
import os, sys
from hw1lib.cifar.image_tree import read_gray
for path in os.fsdecode(sys.stdin.buffer.read()).split("\\0"):
    sys.stdout.buffer.write(read_gray(path))
"""

Folder: TypeAlias = "list[os.DirEntry[str]]"  # its files, sorted by name


def is_image_tree(data_dir: Path) -> bool:
    """Whether `data_dir` has an image tree, or a part of one."""
    return any(os.path.lexists(data_dir / split) for split in SPLITS)


def list_files(path: Path) -> Folder:
    """What is in a folder, in the order of torchvision's `ImageFolder`.

    Hidden files don't count.
    """
    with os.scandir(path) as entries:
        return sorted((e for e in entries if e.name[0] != "."), key=lambda entry: entry.name)


def list_images(data_dir: Path, classes: Sequence[str]) -> list[Folder]:
    """The image files of each class of the training set, then of the test set.

    Raises:
        InputError: a class is empty, or there is something besides classes and images.
        OSError: a folder is missing or can't be read.
    """
    for split in SPLITS:
        for entry in list_files(data_dir / split):
            if entry.is_dir() and entry.name not in classes:
                raise InputError(f"{shown(entry.path)} is not a class of CIFAR-10; remove it.")
    paths = [data_dir / split / name for split in SPLITS for name in classes]
    folders = [list_files(path) for path in paths]
    for path, folder in zip(paths, folders, strict=True):
        if not folder:
            raise InputError(f"{shown(path)} is empty; put the images of this class there.")
        for file in folder:
            if not (file.name.lower().endswith(SUFFIXES) and file.is_file()):
                raise InputError(f"{shown(file.path)} is not a .png or .jpg file; remove it.")
    return folders


def state_of(folders: Sequence[Folder]) -> str:
    """A digest of names, sizes and times, which differs once any file has changed.

    Unlike the time of modification, the time of the last change of status can't be set back.
    """
    total = hashlib.sha256()
    for folder in folders:
        total.update(os.fsencode("/".join(file.name for file in folder)))
        stats = [file.stat() for file in folder]
        numbers = [n for s in stats for n in (s.st_size, s.st_mtime_ns, s.st_ctime_ns)]
        total.update(array("q", numbers))
    return total.hexdigest()


def read_images(paths: Sequence[str]) -> Iterator[bytes]:
    """Yields the grey pixels of one image after the other, decoded on all cores.

    What a process doesn't deliver, because an image is bad or the process was killed, is read
    here, so that the first bad path is the one that is named.
    """
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = pool.map(_read_in_process, chunks) if len(chunks) > 1 else [b""]
        for chunk, pixels in zip(chunks, outputs, strict=True):
            for i, path in enumerate(chunk):
                image = pixels[i * SIDE * SIDE : (i + 1) * SIDE * SIDE]
                yield image if len(image) == SIDE * SIDE else read_gray(path)


def _read_in_process(paths: Sequence[str]) -> bytes:
    """The pixels of the images up to the first that can't be read."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=os.fsencode("\0".join(paths)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    ).stdout


def read_gray(path: str) -> bytes:
    """The 1024 grey pixels of a 32x32 image file, row by row.

    They are those of `torchvision.transforms.Grayscale`: Pillow's luma (ITU-R 601) of the image in
    RGB.

    Raises:
        InputError: the file is not a PNG or JPEG image that can be decoded, or has another size.
    """
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            if image.size == (SIDE, SIDE):
                return image.convert("RGB").convert("L").tobytes()
            problem = f"has {image.width}x{image.height} pixels, not {SIDE}x{SIDE}"
    except Exception:  # Pillow lets through whatever its parsers run into
        problem = f"is not a readable {SIDE}x{SIDE} image"
    raise InputError(f"{shown(path)} {problem}; replace or remove it.")
