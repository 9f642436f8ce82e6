"""Downloads torchvision's CIFAR-10 files: resumed where it stopped, checked by md5, unpacked.

An unfinished download lies beside the archive in a file whose name ends in `.part`.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout
from tqdm import tqdm

from hw1lib.cifar.image_tree import is_image_tree
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError, shown

BATCHES = "cifar-10-batches-py"
STALL = 20.0  # seconds without a byte after which a connection counts as dead
TRIES = 3  # requests in a row that bring nothing new before a server is given up
PAUSE = 1.0  # seconds before the second of them; doubles each time
CHUNK = 1 << 16  # bytes
GZIP_MAGIC = b"\x1f\x8b"


class UnusableServerError(Exception):
    """A server doesn't have the file; asking again won't help."""


class BrokenOffError(Exception):
    """A server sent nothing or a part of the file; asking again may help."""


def fetch_cifar10(data_dir: Path, urls: Sequence[str] = ()) -> None:
    """Puts torchvision's CIFAR-10 files into `data_dir`, unless they or an image tree are there.

    An archive in `data_dir` is unpacked if its md5 is right. Otherwise it is downloaded, and an
    unfinished download is resumed where it stopped (RFC 9110, section 14). The servers of `urls`
    are tried in turn before torchvision's own.

    Raises:
        InputError: no server has the archive, it can't be unpacked, `data_dir` can't be written
            to, or another process is downloading into it.
    """
    cifar10, data_dir = torchvision_cifar10(), root_of(data_dir)
    archive = data_dir / cifar10.filename
    try:
        if is_image_tree(data_dir) or not damaged_files(data_dir):
            return
        data_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(data_dir / f".{archive.name}.lock", timeout=0):
            if not _has_md5(archive, cifar10.tgz_md5):
                _download(archive, cifar10.tgz_md5, [*urls, cifar10.url])
            _unpack(archive, data_dir / BATCHES)
    except Timeout as error:
        raise InputError(
            f"Another process is downloading CIFAR-10 into {shown(data_dir)}; wait for it."
        ) from error
    except OSError as error:
        raise InputError(
            f"{archive.name} can't be written to {shown(data_dir)} ({error.strerror or error}); "
            "free some space there, or name another folder with --data-dir or HW1_DATA."
        ) from error


def root_of(data_dir: Path) -> Path:
    """The folder that has `cifar-10-batches-py/`, also if that itself is named."""
    path = data_dir.absolute()
    return path.parent if path.name == BATCHES else data_dir


def torchvision_cifar10() -> Any:  # noqa: ANN401  # torchvision has no types
    """The class `torchvision.datasets.CIFAR10`, which knows addresses, names and md5."""
    import_torchvision()
    from torchvision.datasets import CIFAR10

    return CIFAR10


def damaged_files(data_dir: Path) -> list[Path]:
    """Torchvision's CIFAR-10 files that are missing in `data_dir` or have a wrong md5."""
    cifar10 = torchvision_cifar10()
    files = [*cifar10.train_list, *cifar10.test_list]
    files.append((cifar10.meta["filename"], cifar10.meta["md5"]))
    folder = data_dir / BATCHES
    return [folder / name for name, md5 in files if not _has_md5(folder / name, md5)]


def _has_md5(path: Path, md5: str) -> bool:
    """Whether `path` is a file with this md5."""
    from torchvision.datasets.utils import check_integrity

    return bool(check_integrity(path, md5))


def _download(archive: Path, md5: str, urls: Sequence[str]) -> None:
    """Downloads `archive` from the first of `urls` that has it."""
    part = archive.with_name(f"{archive.name}.part")
    if archive.exists():  # torchvision leaves an unfinished download under the archive's own name
        archive.replace(part)
    failures = []
    for url in dict.fromkeys(urls):
        try:
            _download_from(url, part, md5)
            part.replace(archive)
            return
        except UnusableServerError as error:
            failures.append(shown(f"{url}: {error}"))
            print(f"Given up: {failures[-1]}", file=sys.stderr)
    raise InputError(
        f"CIFAR-10 is not in {shown(archive.parent)} and can't be downloaded "
        f"({'; '.join(failures)}); try again later, which resumes where it stopped, name another "
        f"server with `hw1 data --url`, or put {archive.name} (md5 {md5}) there."
    )


def _download_from(url: str, part: Path, md5: str) -> None:
    """Completes `part` from one server; a file with a wrong md5 is deleted."""
    if not _has_md5(part, md5):
        _complete(url, part)
    if not _has_md5(part, md5):
        part.unlink(missing_ok=True)
        raise UnusableServerError("wrong file (md5), deleted")


def _complete(url: str, part: Path) -> None:
    """Appends to `part` what it lacks, in as many requests as it takes."""
    most, in_vain = _size(part), 0
    while True:
        try:
            _append(url, part)
            return
        except BrokenOffError as error:
            in_vain = in_vain + 1 if _size(part) <= most else 0
            most = max(most, _size(part))
            if in_vain == TRIES:
                raise UnusableServerError(str(error)) from error
            print(shown(f"{url}: {error}; trying again"), file=sys.stderr)
        time.sleep(PAUSE * 2 ** max(0, in_vain - 1))


def _append(url: str, part: Path) -> None:
    """Appends the answer to one request to `part`."""
    size = _size(part)
    with tqdm(desc="Downloading", initial=size, unit="B", unit_scale=True, disable=None) as bar:
        for start, total, chunk in _receive(url, size):
            with part.open("ab") as file:
                file.truncate(start)  # a server without ranges sends the file from its beginning
                file.write(chunk)
            bar.total = total
            bar.update(start + len(chunk) - bar.n)


def _receive(url: str, size: int) -> Iterator[tuple[int, int | None, bytes]]:
    """Requests the bytes after the first `size`.

    Yields:
        the place in the file, the file's size in bytes if the server tells it, and bytes.
    """
    if not url.startswith(("http://", "https://")):
        raise UnusableServerError("not an address that begins with http:// or https://")
    try:
        headers = {"User-Agent": "hw1"} | ({"Range": f"bytes={size}-"} if size else {})
        request = Request(url, headers=headers)  # noqa: S310  # the scheme is checked
        with urlopen(request, timeout=STALL) as response:  # noqa: S310
            start = size if response.status == 206 else 0
            if not response.headers.get("Content-Range", "bytes 0-").startswith(f"bytes {start}-"):
                raise UnusableServerError("answer with another part than requested")
            total = None if response.length is None else start + response.length
            while chunk := response.read1(CHUNK):
                if start == 0 and not GZIP_MAGIC.startswith(chunk[:2]):
                    raise UnusableServerError(f"{response.headers.get_content_type()}, no archive")
                yield start, total, chunk
                start += len(chunk)
    except HTTPError as error:
        error.close()
        if error.code == 416:  # there are no more bytes
            return
        lasting = error.code < 500 and error.code not in (408, 429)
        kind = UnusableServerError if lasting else BrokenOffError
        raise kind(f"{error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:  # ValueError: a broken address or chunk
        reason = getattr(error, "reason", error)
        raise BrokenOffError(getattr(reason, "strerror", None) or repr(reason)) from error
    if start == 0 or start < (total or 0):
        raise BrokenOffError(f"broke off after {start} bytes")


def _size(path: Path) -> int:
    """The size in bytes; 0 if there is no such file."""
    return path.stat().st_size if path.exists() else 0


def _unpack(archive: Path, folder: Path) -> None:
    """Moves torchvision's files out of `archive` into `folder`, all or none."""
    temporary = archive.with_name(".cifar-10-unpacking")
    shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(temporary, filter="data")
        if damaged := damaged_files(temporary):
            raise InputError(f"{shown(archive)} lacks {damaged[0].name}; delete it.")
        folder.mkdir(exist_ok=True)
        for path in (temporary / folder.name).iterdir():
            path.replace(folder / path.name)
    except (tarfile.TarError, EOFError) as error:
        raise InputError(shown(f"{archive} can't be unpacked ({error}); delete it.")) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
