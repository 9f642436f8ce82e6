"""The decoded images in one file, used as long as the image files stay as they are."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from hw1lib.files import replacing


def read_cache(path: Path, state: str) -> tuple[dict[str, Tensor], str] | None:
    """Tensors and source, or None where there is no whole cache of this `state` of the files.

    The tensors are mapped from the file into memory, where several processes share them.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("state") != state:
                return None
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError):  # ValueError: a path that is not UTF-8
        return None
    source = metadata.get("source", "")
    whole = metadata.get("seal") == _seal(tensors, state, source)
    return (tensors, source) if whole else None


def write_cache(path: Path, tensors: Mapping[str, Tensor], state: str, source: str) -> None:
    """Writes what `read_cache` reads.

    Raises:
        InputError: the folder can't be written to, or the disk is full.
    """
    metadata = {"state": state, "source": source, "seal": _seal(tensors, state, source)}
    with replacing(path) as temporary:
        temporary.write_bytes(save(dict(tensors), metadata))


def _seal(tensors: Mapping[str, Tensor], state: str, source: str) -> str:
    """CRC-32 over everything that the file holds: against damage, and faster than SHA-256."""
    total = zlib.crc32(f"{state}\n{source}".encode())
    for name in sorted(tensors):
        kind = f"\n{name} {tensors[name].dtype} {tuple(tensors[name].shape)}\n"
        total = zlib.crc32(kind.encode(), total)
        total = zlib.crc32(tensors[name].numpy().data, total)
    return f"{total:08x}"
