"""Fetches an archive from the first server that has it, and unpacks it once its md5 is right.

What has come of a download lies in a file beside the archive that ends in `.part`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hw1lib.cifar.archive import Archive, damaged_files, md5_of, unpack
from hw1lib.cifar.server import MirrorError, Patience, Server, size_of
from hw1lib.errors import InputError, shown

PATIENCE = Patience()


def fetch(
    archive: Archive,
    data_dir: Path,
    mirrors: Sequence[str] = (),
    patience: Patience = PATIENCE,
) -> None:
    """Puts the archive's files into `data_dir`, unless they are there and whole.

    An archive that is there is unpacked. Else it is fetched from the first of `mirrors` that has
    it, at last from its own URL.

    Raises:
        InputError: no server gave it, it holds what it should not, `data_dir` can't be written to,
            or another process is at it; or Ctrl-C was pressed.
    """
    path = data_dir / archive.name
    try:
        if not damaged_files(archive, data_dir):
            return
        data_dir.mkdir(parents=True, exist_ok=True)
        with _locked(data_dir, archive):
            if md5_of(path) != archive.md5:
                _download(archive, path, (*mirrors, archive.url), patience)
            unpack(archive, path)
    except OSError as error:
        raise InputError(
            f"{archive.name} can't be put into {shown(data_dir)} ({error.strerror or error}): free "
            "some space there, or name another folder by --data-dir or HW1_DATA."
        ) from error
    except KeyboardInterrupt:
        raise InputError(
            f"Stopped with {size_of(_part(path)) / 1e6:.1f} MB of {archive.name} fetched: the same "
            "command goes on from there."
        ) from None


@contextmanager
def _locked(data_dir: Path, archive: Archive) -> Iterator[None]:
    """Lets one process at a time write; the lock of a process that is killed opens."""
    try:
        with FileLock(data_dir / f".{archive.name}.lock", timeout=0):
            yield
    except Timeout:
        raise InputError(
            f"Another process is fetching {archive.name} into {shown(data_dir)}: wait for it."
        ) from None


def _download(archive: Archive, path: Path, urls: Sequence[str], patience: Patience) -> None:
    """Fetches `path` from the first of `urls` that has it."""
    part = _part(path)
    if path.exists():  # torchvision leaves a broken download under the archive's own name
        print(f"{shown(path)} is cut short or wrong: its end is fetched again.", file=sys.stderr)
        path.replace(part)
    failures = []
    for url in dict.fromkeys(urls):
        try:
            Server(url, patience).fetch_whole(part, archive.md5)
            part.replace(path)
            return
        except MirrorError as error:
            failures.append(f"{url}: {error}")
            print(f"Given up: {failures[-1]}", file=sys.stderr)
    kept = f", or try again later, which goes on after {size_of(part) / 1e6:.1f} MB"
    raise InputError(
        f"CIFAR-10 is not in {shown(path.parent)} and can't be fetched ({'; '.join(failures)}): "
        f"put {archive.name} (md5 {archive.md5}) there, or name a server that has it by `hw1 data "
        f"--url`, or a folder that has it by --data-dir or HW1_DATA{kept if size_of(part) else ''}."
    )


def _part(path: Path) -> Path:
    """Where the beginning of `path` is until it is whole."""
    return path.with_name(f"{path.name}.part")
