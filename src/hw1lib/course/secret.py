"""The secret from which all networks of a course follow, and files for staff alone."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from hw1lib.errors import InputError, shown
from hw1lib.files import read_text, replacing

BYTES = 16  # 128 bits, which nobody guesses
FORM = re.compile(r"[0-9a-f]{32}")


def course_secret(path: Path) -> str:
    """The secret of a course, drawn at random and written to `path` if there is none.

    Raises:
        InputError: the file holds something else, or can't be read or written.
    """
    if not path.exists():
        write_private(path, secrets.token_hex(BYTES) + "\n")
    secret = read_text(path, 1000, "a course's secret").strip()
    if not FORM.fullmatch(secret):
        raise InputError(f"{shown(path)} must hold {2 * BYTES} digits from 0 to f; restore it.")
    return secret


def write_private(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, atomically, for the owner of the files alone."""
    write_private_bytes(path, text.encode())


def write_private_bytes(path: Path, content: bytes) -> None:
    """Writes a file atomically that its owner alone can read."""
    with replacing(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)
