"""Writes files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hw1lib.errors import InputError

UNFINISHED = ".part"  # how names of half-written files end


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path that replaces `path` if the block succeeds.

    Whatever fails, `path` is the old file or the new one, never a part of it.

    Raises:
        InputError: the folder can't be written to, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror or error}): free some space there, "
            "or name another folder."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8 with Unix line ends, atomically; raises what `replacing` raises."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
