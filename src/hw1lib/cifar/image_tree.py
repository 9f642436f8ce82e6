"""Image trees: a folder for each class, with the images of that class right in it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw1lib.errors import InputError, shown

SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Folder:
    """The files of a folder, sorted by name; hidden ones don't count.

    Attributes:
        path: the folder.
        names: of the files.
        stats: what the file system says of each.
    """

    path: Path
    names: Sequence[str]
    stats: Sequence[os.stat_result]


def list_folder(path: Path) -> Folder:
    """Names and stats of what lies in `path`.

    Raises:
        OSError: it can't be read, or a name leads nowhere.
    """
    handle = os.open(path, os.O_RDONLY)
    try:  # names relative to an open folder are looked up in half the time of whole paths
        listed = os.listdir(handle)  # noqa: PTH208
        names = sorted([name for name in listed if not name.startswith(".")])
        return Folder(path, names, [os.stat(name, dir_fd=handle) for name in names])
    except OSError as error:
        error.filename = path / error.filename if isinstance(error.filename, str) else path
        raise
    finally:
        os.close(handle)


def class_folders(split: Path, classes: Sequence[str]) -> list[Path]:
    """The folder of each class, in the order of `classes`.

    Raises:
        InputError: `split` is no folder, lacks a class or has another one besides.
    """
    if not split.is_dir():
        raise InputError(f"{shown(split)} is missing: it must hold a folder for each class.")
    with os.scandir(split) as entries:
        names = {e.name for e in entries if e.is_dir() and not e.name.startswith(".")}
    missing = [name for name in classes if name not in names]
    extra = sorted(names.difference(classes))
    if missing or extra:
        wrong = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(extra)} besides"
        raise InputError(
            f"{shown(split)} {shown(wrong)}: it must hold one folder for each CIFAR-10 class."
        )
    return [split / name for name in classes]


def image_paths(folder: Folder) -> list[str]:
    """The images of a class's folder.

    Raises:
        InputError: there are none, or there is something else besides.
    """
    for name, status in zip(folder.names, folder.stats, strict=True):
        path = shown(folder.path / name)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise InputError(f"{path} is {kind}: a class's folder holds nothing but images.")
        if not name.lower().endswith(SUFFIXES):
            raise InputError(
                f"{path} is no .png or .jpg: a class's folder holds nothing but images."
            )
    if not folder.names:
        raise InputError(f"{shown(folder.path)} is empty: put the images of this class there.")
    return [f"{folder.path}{os.sep}{name}" for name in folder.names]


def state_of(folders: Sequence[Folder]) -> str:
    """SHA-256 over names, sizes and times of all files: another one when any has changed.

    The time of the last change of status (`st_ctime`) can't be set back, so that a file which was
    replaced by one of the same size and modification time is noticed too.
    """
    total = hashlib.sha256()
    for folder in folders:
        names = "/".join((*folder.path.parts[-2:], *folder.names, ""))
        sizes = [status.st_size for status in folder.stats]
        modified = [status.st_mtime_ns for status in folder.stats]
        changed = [status.st_ctime_ns for status in folder.stats]
        total.update(os.fsencode(names))
        total.update(np.array([sizes, modified, changed], dtype=np.int64).tobytes())
    return total.hexdigest()
