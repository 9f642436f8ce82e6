"""Folders that are built beside the old one and take its place at the end, whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from qmdbook.errors import BookError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


@contextmanager
def staging(target: Path, *markers: str) -> Iterator[Path]:
    """A folder that takes the place of `target` if the block succeeds.

    Whatever ends the block, be it Ctrl-C, a kill or a full disk, the old folder is still there, or
    the new one is; if a kill hits between the two renames, the next build puts the old one back.
    Builds of the same target wait for each other.

    Args:
        target: replaced if it is empty or has one of the files that mark it as built.
        markers: names of these files; the new folder gets the first.

    Raises:
        BookError: `target` holds something that was not built here, or can't be written.
    """
    target = target.resolve()
    new, old, lock = (
        target.with_name(f".{target.name}.qmdbook-{x}") for x in ("new", "old", "lock")
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(FileLock(lock), target):
            try:
                _put_back(old, target)
                _check_ours(target, markers)
                shutil.rmtree(new, ignore_errors=True)
                new.mkdir()
                started = time.time()
                yield new
                (new / markers[0]).touch()
                os.utime(new / markers[0], (started, started))  # what changed meanwhile is newer
                if target.exists():
                    target.rename(old)
                new.rename(target)
            finally:
                _put_back(old, target)
                shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise BookError(
            f"{target} can't be written ({error.strerror}): free some space there, or name another "
            "folder with --output-dir."
        ) from error


def _put_back(old: Path, target: Path) -> None:
    """Brings the old folder back if no new one took its place, or else removes it."""
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _locked(lock: FileLock, target: Path) -> AbstractContextManager[object]:
    """Holds the lock, which ends with the process at the latest; says when it has to wait."""
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        print(f"Waiting for another build of {target}", flush=True)
        return lock.acquire()


def _check_ours(target: Path, markers: tuple[str, ...]) -> None:
    """Refuses to replace what was not built here."""
    if target.exists() and not target.is_dir():
        raise BookError(f"{target} is a file: name a folder with --output-dir.")
    ours = any((target / name).exists() for name in markers)
    if target.is_dir() and any(target.iterdir()) and not ours:
        raise BookError(
            f"{target} holds something that was not built here: name another folder with "
            "--output-dir, or empty this one."
        )
