"""`manifest.json`: size and SHA-256 of every file in `results/`.

A file that was changed, swapped or lost is refused by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from hw1lib.errors import InputError
from hw1lib.files import write_text

MANIFEST = "manifest.json"
CURE = "run `hw1 train` to make the results again, or restore them from version control."

Entry: TypeAlias = dict[str, int | str]


def bytes_digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def entry_of(content: bytes) -> Entry:
    """What the manifest says of a file with that content."""
    return {"size": len(content), "sha256": bytes_digest(content)}


def write_manifest(folder: Path, entries: Mapping[str, Entry]) -> None:
    """Writes the entries by name of file; raises what `hw1lib.files.replacing` raises."""
    write_text(folder / MANIFEST, json.dumps(entries, indent=2) + "\n")


def read_files(folder: Path) -> dict[str, bytes]:
    """The content of all listed files by name.

    Raises:
        InputError: the manifest or a file is missing, damaged, or can't be read.
    """
    entries = _read_manifest(folder)
    return {name: _read(folder / name, entry) for name, entry in entries.items()}


def add_to_manifest(folder: Path, name: str, source: str) -> None:
    """Lists one more file of `folder`, which stays listed until the next training.

    Args:
        folder: folder with results.
        name: name of a file in it, such as the executed notebook.
        source: `bytes_digest` of the source that the file was made from.

    Raises:
        InputError: the manifest or the file can't be read, or the manifest can't be written.
    """
    entry = entry_of(_read(folder / name)) | {"source": source}
    write_manifest(folder, _read_manifest(folder) | {name: entry})


def read_listed(folder: Path, name: str, source: str, cure: str = CURE) -> bytes:
    """The content of a file that `add_to_manifest` listed, if its source is still the same.

    Args:
        folder: folder with results.
        name: name of the file.
        source: `bytes_digest` of its source as it is now.
        cure: what messages advise.

    Raises:
        InputError: the file is missing, damaged, not listed, or made from another source.
    """
    entry = _read_manifest(folder).get(name)
    if entry is None:
        raise InputError(f"{folder / name} does not belong to these results: {cure}")
    if entry.get("source") != source:
        raise InputError(f"{folder / name} is stale: it was made from another source; {cure}")
    return _read(folder / name, entry, cure)


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
    if entry is not None and not entry_of(content).items() <= entry.items():
        raise InputError(f"{path} is not what training wrote: {cure}")
    return content
