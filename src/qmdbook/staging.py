"""Folders that are built beside the old one and take its place at the end, whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hw1lib.errors import InputError

if sys.platform != "win32":
    import fcntl

FULL = (errno.ENOSPC, errno.EDQUOT)
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux' renameat2


@contextmanager
def staging(target: Path, marker: str, *others: str) -> Iterator[Path]:
    """A folder that takes the place of `target` when the block ends well.

    Whatever ends the block, be it Ctrl-C, a kill or a full disk, `target` is the old folder or the
    new one. The new folder is in a workshop, a hidden folder beside `target`, in which a build may
    put more; the next build removes the workshops of builds that were killed.

    Args:
        target: replaced if it is empty, or holds a file by which it is known to be built.
        marker: the name of that file, which the new folder gets.
        others: names of other such files.

    Raises:
        InputError: `target` holds something that this project did not make, or can't be written.
    """
    target = target.resolve()
    _check_ours(target, (marker, *others))
    with ExitStack() as ending:
        try:
            stage = _open_workshop(target, ending) / target.name
            stage.mkdir()
        except OSError as error:
            raise _cant_be_written(target, error) from error
        started = time.time()
        try:
            yield stage
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise _cant_be_written(target, error) from error
        try:
            (stage / marker).touch()
            os.utime(stage / marker, (started, started))  # what changed meanwhile is newer
            with _lock(target.parent, wait=True):
                _swap(stage, target)
        except OSError as error:
            raise _cant_be_written(target, error) from error


def _check_ours(target: Path, markers: tuple[str, ...]) -> None:
    """Refuses to replace what this project did not make."""
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file: name a folder with --output-dir.")
    ours = any((target / name).exists() for name in markers)
    if target.is_dir() and any(target.iterdir()) and not ours:
        raise InputError(
            f"{target} holds something that was not built here: name another folder with "
            "--output-dir, or empty this one."
        )


def _cant_be_written(target: Path, error: OSError) -> InputError:
    return InputError(
        f"{target} can't be written ({error.strerror}): free some space there, or name another "
        "folder with --output-dir."
    )


def _open_workshop(target: Path, ending: ExitStack) -> Path:
    """A new workshop, locked until the `ending` removes it; clears those of killed builds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = re.compile(rf"\.{re.escape(target.name)}\.hw1-[a-z0-9_]{{8}}")
    with _lock(target.parent, wait=True):  # nobody takes a new workshop for one that is left
        for path in sorted(target.parent.iterdir()):
            if left.fullmatch(path.name):
                with _lock(path, wait=False) as free:
                    if free:
                        _close_workshop(path, target)
        workshop = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.hw1-"))
        ending.callback(_close_workshop, workshop, target)
        ending.enter_context(_lock(workshop, wait=False))
    return workshop


def _close_workshop(workshop: Path, target: Path) -> None:
    """Removes a workshop; if the old folder is in it and no new one came, it goes back first."""
    old = _old(workshop)
    if old.is_dir() and not target.exists():
        old.rename(target)
    shutil.rmtree(workshop, ignore_errors=True)


def _old(workshop: Path) -> Path:
    """Where the old folder is between two renames."""
    return workshop / ".old"


def _swap(stage: Path, target: Path) -> None:
    """Puts `stage` in the place of `target`, which stays in the workshop."""
    if target.exists():
        if _exchange(stage, target):
            return
        target.rename(_old(stage.parent))
    stage.rename(target)


def _exchange(one: Path, other: Path) -> bool:
    """Swaps two folders in one step, without a moment between; False where that can't be."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)  # in glibc, and in newer musl
    paths = (AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other))
    return rename is not None and rename(*paths, RENAME_EXCHANGE) == 0


@contextmanager
def _lock(folder: Path, wait: bool) -> Iterator[bool]:
    """Holds the lock on a folder, which ends with the process; gives whether it has it."""
    if sys.platform == "win32":  # has no such locks, and so nothing is cleared there
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        held = True
    except OSError:  # another process has it, or the file system has no locks
        held = False
    try:
        yield held
    finally:
        os.close(descriptor)
