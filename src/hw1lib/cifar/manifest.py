"""`manifest.json`: size and SHA-256 of every file in `results/`.

A file that was changed, swapped or lost is refused by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from hw1lib.errors import InputError
from hw1lib.files import replacing, write_text

MANIFEST = "manifest.json"
CURE = "run `hw1 train` to make the results again, or restore them from version control."

Entry: TypeAlias = dict[str, int | str]


def bytes_digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes files by name, and the manifest; until all are written, the old ones stay whole.

    Raises:
        InputError: the folder can't be written to.
    """
    manifest = _as_json({name: _entry_of(content) for name, content in contents.items()})
    with ExitStack() as files:  # it replaces in reverse: last comes what vouches for the others
        for name, content in {MANIFEST: manifest.encode(), **contents}.items():
            files.enter_context(replacing(folder / name)).write_bytes(content)


def read_files(folder: Path) -> dict[str, bytes]:
    """The content of all listed files by name.

    Raises:
        InputError: the manifest or a file is missing, damaged, or can't be read.
    """
    entries = _read_manifest(folder)
    return {name: _read(folder / name, entry) for name, entry in entries.items()}


def add_to_manifest(folder: Path, name: str, source: str) -> None:
    """Lists one more file of `folder`, which stays listed until the next training.

    `source` is the `bytes_digest` of what it was made from.

    Raises:
        InputError: the manifest or the file can't be read, or the manifest can't be written.
    """
    entry = _entry_of(_read(folder / name)) | {"source": source}
    write_text(folder / MANIFEST, _as_json(_read_manifest(folder) | {name: entry}))


def read_listed(folder: Path, name: str, source: str, cure: str = CURE) -> bytes:
    """The content of a file that `add_to_manifest` listed, if its `source` is still the same.

    Messages advise the `cure`.

    Raises:
        InputError: the file is missing, damaged, not listed, or made from another source.
    """
    entry = _read_manifest(folder).get(name)
    if entry is None:
        raise InputError(f"{folder / name} does not belong to these results: {cure}")
    if entry.get("source") != source:
        raise InputError(f"{folder / name} is stale: it was made from another source; {cure}")
    return _read(folder / name, entry, cure)


def _entry_of(content: bytes) -> Entry:
    """What the manifest says of a file with that content."""
    return {"size": len(content), "sha256": bytes_digest(content)}


def _as_json(entries: Mapping[str, Entry]) -> str:
    return json.dumps(entries, indent=2) + "\n"


def _read_manifest(folder: Path) -> dict[str, Entry]:
    content = _read(folder / MANIFEST)
    try:
        return {name: dict(entry) for name, entry in json.loads(content).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / MANIFEST} is damaged: {CURE}") from error


def _read(path: Path, entry: Entry | None = None, cure: str = CURE) -> bytes:
    """A file's content, if it is what its entry in the manifest says."""
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = f"can't be read ({error.strerror or error})" if path.exists() else "is missing"
        raise InputError(f"{path} {problem}: {cure}") from error
    if entry is not None and not _entry_of(content).items() <= entry.items():
        raise InputError(f"{path} is not what training wrote: {cure}")
    return content
