"""What programs made of the same inputs the last time, so that they need not run again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

DAYS = 7  # that something is kept after its last use
LENGTH = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Memory:
    """A folder of results, each named by the digest of all that it depends on.

    Attributes:
        folder: where they are; None to remember nothing.
    """

    folder: Path | None = None

    def recall(self, make: Callable[[], bytes], *inputs: bytes) -> bytes:
        """What `make` gives for these inputs, from the last time if there was one.

        A result that is damaged is made anew; a folder that can't be written is left alone.
        """
        if self.folder is None:
            return make()
        path = self.folder / digest(*inputs)
        with contextlib.suppress(OSError):
            check, content = (kept := path.read_bytes())[:LENGTH], kept[LENGTH:]
            if check == hashlib.sha256(content).digest():
                os.utime(path)
                return content
        content = make()
        keep(path, hashlib.sha256(content).digest() + content)
        return content

    def forget(self) -> None:
        """Removes what has not been used for `DAYS`."""
        paths = self.folder.glob("*") if self.folder else []
        for path in paths:
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > DAYS * 24 * 3600:
                    path.unlink()


def keep(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; in a folder that can't be written, nothing is kept."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(content)
        part.replace(path)


def digest(*inputs: bytes) -> str:
    """A name for these inputs, in this order."""
    whole = hashlib.sha256()
    for part in inputs:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
