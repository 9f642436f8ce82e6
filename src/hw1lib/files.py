"""Writes files whole or not at all, and reads what people wrote."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hw1lib.errors import InputError, shown

MAX_DOTS = 10_000  # more than the largest network has; tomllib's time grows with their square
TOO_LARGE = "is too large for {wanted}; check that it is one."
NOT_TOML = "is not TOML ({reason}); correct it there."
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


def read_text(path: Path, largest: int, wanted: str) -> str:
    """The text of a UTF-8 file of at most `largest` bytes.

    Raises:
        InputError: it can't be read; `wanted` says what the file should be, such as "a roster".
    """
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
        if len(content) > largest:
            raise InputError(f"{shown(path)}: {TOO_LARGE.format(wanted=wanted)}")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(path)}: is not UTF-8 text; save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{shown(path)}: can't be read ({reason}); give the path of {wanted}."
        ) from error


def read_toml(
    path: Path, largest: int, wanted: str, cure: Callable[[str], str | None] = lambda text: None
) -> dict[str, Any]:
    """The fields of a TOML file, decimals as they are written.

    Args:
        path: of the file.
        largest: number of bytes that it may have.
        wanted: what the file should be, such as "a roster".
        cure: of a text that is not TOML, says what to write instead, if it knows.

    Raises:
        InputError: it can't be read, or is not TOML.
    """
    text = read_text(path, largest, wanted)
    if text.count(".") > MAX_DOTS:
        raise InputError(f"{shown(path)}: {TOO_LARGE.format(wanted=wanted)}")
    try:
        return tomllib.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        if instead := cure(text):
            raise InputError(f"{shown(path)}: {instead}.") from error
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it can't be parsed"
        reason = re.sub(r"[^ -~]", "?", reason)[:80]
        raise InputError(f"{shown(path)}: {NOT_TOML.format(reason=reason)}") from error
