"""An archive and the files that are wanted from it: checked by md5, unpacked whole."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hw1lib.errors import InputError, shown


@dataclass(frozen=True)
class Archive:
    """A .tar.gz file that holds one folder of files.

    Attributes:
        url: where its makers offer it.
        name: of the file.
        md5: of the file.
        folder: that it holds.
        files: md5 of each file that is wanted from the folder.
    """

    url: str
    name: str
    md5: str
    folder: str
    files: Mapping[str, str]


def damaged_files(archive: Archive, data_dir: Path) -> list[Path]:
    """The files of the archive that are not in `data_dir`, or not whole."""
    paths = {data_dir / archive.folder / name: md5 for name, md5 in archive.files.items()}
    return [path for path, md5 in paths.items() if md5_of(path) != md5]


def md5_of(path: Path) -> str | None:
    """The file's md5 in hexadecimal; None if there is no such file."""
    if not path.is_file():
        return None
    total = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            total.update(chunk)
    return total.hexdigest()


def unpack(archive: Archive, path: Path) -> None:
    """Puts the folder of the archive `path` beside it, whole or not at all.

    Nothing is extracted by a name of the archive's choosing: links, other folders and whatever
    else does not belong there are refused, and the files that are wanted are copied out.
    """
    folder = path.parent / archive.folder
    temporary = path.with_name(f".{archive.folder}.unpacking")
    shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
    try:
        temporary.mkdir()
        _extract(archive, path, temporary)
        if folder.is_dir():
            for name in archive.files:
                (temporary / name).replace(folder / name)
        else:
            temporary.rename(folder)
    except (tarfile.TarError, EOFError) as error:
        raise InputError(f"{shown(path)} can't be unpacked ({error}): delete it.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _extract(archive: Archive, path: Path, target: Path) -> None:
    """Copies the files that are wanted into the folder `target`."""
    wanted = {f"{archive.folder}/{name}": target / name for name in archive.files}
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            if member.isdir() and member.name == archive.folder:
                continue
            inside = re.fullmatch(rf"{re.escape(archive.folder)}/[\w.-]*\w[\w.-]*", member.name)
            if not (member.isreg() and inside):
                raise InputError(
                    f"{shown(path)} holds {shown(member.name)}, which does not belong there: "
                    "nothing was unpacked."
                )
            source = tar.extractfile(member)
            if member.name in wanted and source is not None:
                with wanted[member.name].open("wb") as file:
                    shutil.copyfileobj(source, file)
    missing = [name for name, md5 in archive.files.items() if md5_of(target / name) != md5]
    if missing:
        raise InputError(f"{shown(path)} lacks {', '.join(missing)}: nothing was unpacked.")
