"""Writes files whole or not at all."""

from __future__ import annotations

import os
import tempfile
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
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(UNFINISHED, f".{path.name}.", path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror or error}): free some space there, "
            "or name another folder."
        ) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8 with Unix line ends, atomically; raises what `replacing` raises."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
