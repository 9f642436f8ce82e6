"""Fetches an archive over a slow or broken line, and unpacks it once its md5 is right.

A download goes into a file beside the archive that ends in `.part`. Whatever stops it (a stall, a
break-off, Ctrl-C, kill -9), the next try asks the server for the rest only (RFC 9110, section 14).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout
from tqdm import tqdm

from hw1lib.errors import InputError, shown

CHUNK = 1 << 16
GZIP_MAGIC = b"\x1f\x8b"


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


@dataclass(frozen=True)
class Patience:
    """When a server is given up.

    Attributes:
        stall: seconds without a byte until a connection counts as dead.
        retries: tries in a row that bring nothing new; a server that never sent any gets one.
        pause: seconds before a retry; doubles from one to the next.
    """

    stall: float = 20.0
    retries: int = 5
    pause: float = 1.0


def fetch(
    archive: Archive,
    data_dir: Path,
    mirrors: Sequence[str] = (),
    patience: Patience = Patience(),
) -> None:
    """Puts the archive's files into `data_dir`, unless they are there and whole.

    An archive that is there is unpacked. Else it is fetched from the first of `mirrors` that has
    it, at last from its own URL.

    Raises:
        InputError: no server gave it, it holds what it should not, `data_dir` can't be written to,
            or another process is at it; or Ctrl-C was pressed.
    """
    path = data_dir / archive.name
    try:
        if not damaged_files(archive, data_dir):
            return
        data_dir.mkdir(parents=True, exist_ok=True)
        with _locked(data_dir, archive):
            if md5_of(path) != archive.md5:
                _download(archive, path, (*mirrors, archive.url), patience)
            _unpack(archive, path)
    except OSError as error:
        raise InputError(
            f"{archive.name} can't be put into {shown(data_dir)} ({error.strerror or error}): free "
            "some space there, or name another folder by --data-dir or HW1_DATA."
        ) from error
    except KeyboardInterrupt:
        raise InputError(
            f"Stopped with {_size(_part(path)) / 1e6:.1f} MB of {archive.name} fetched: the same "
            "command goes on from there."
        ) from None


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


@contextmanager
def _locked(data_dir: Path, archive: Archive) -> Iterator[None]:
    """Lets one process at a time write; the lock of a process that is killed opens."""
    try:
        with FileLock(data_dir / f".{archive.name}.lock", timeout=0):
            yield
    except Timeout:
        raise InputError(
            f"Another process is fetching {archive.name} into {shown(data_dir)}: wait for it."
        ) from None


class _MirrorError(Exception):
    """A server does not give the file; retrying won't help."""


class _BrokenOffError(Exception):
    """A server gave none or a part of the file; a retry may give more."""


def _download(archive: Archive, path: Path, urls: Sequence[str], patience: Patience) -> None:
    """Fetches `path` from the first of `urls` that has it."""
    part = _part(path)
    if path.exists():  # torchvision leaves a broken download under the archive's own name
        print(f"{shown(path)} is cut short or wrong: its end is fetched again.", file=sys.stderr)
        path.replace(part)
    failures = []
    for url in dict.fromkeys(urls):
        try:
            _Server(url, patience).fetch_whole(part, archive.md5)
            part.replace(path)
            return
        except _MirrorError as error:
            failures.append(f"{url}: {error}")
            print(f"Given up: {failures[-1]}", file=sys.stderr)
    kept = f", or try again later, which goes on after {_size(part) / 1e6:.1f} MB"
    raise InputError(
        f"CIFAR-10 is not in {shown(path.parent)} and can't be fetched ({'; '.join(failures)}): "
        f"put {archive.name} (md5 {archive.md5}) there, or name a server that has it by `hw1 data "
        f"--url`, or a folder that has it by --data-dir or HW1_DATA{kept if _size(part) else ''}."
    )


def _part(path: Path) -> Path:
    """Where the beginning of `path` is until it is whole."""
    return path.with_name(f"{path.name}.part")


class _Server:
    """One address of the file."""

    def __init__(self, url: str, patience: Patience) -> None:
        self.url = url
        self.patience = patience
        self.version: str | None = None  # of the file there, in If-Range's terms

    def fetch_whole(self, part: Path, md5: str) -> None:
        """Completes `part`, until its md5 is right.

        A wrong file is deleted. If it began with bytes that were there before, they may have been
        the wrong ones, and this server gets a second chance.
        """
        while True:
            resumed = _size(part) > 0
            if not (resumed and md5_of(part) == md5):
                self._fetch(part)
            found = md5_of(part)
            if found == md5:
                return
            part.unlink(missing_ok=True)
            if not resumed:
                raise _MirrorError(f"wrong bytes (md5 {found}), deleted")

    def _fetch(self, part: Path) -> None:
        """Completes `part`, with pauses and retries as long as there is hope."""
        before = most = _size(part)
        in_vain = 0
        while True:
            try:
                self._request(part)
                return
            except _BrokenOffError as error:
                in_vain = 0 if _size(part) > most else in_vain + 1
                most = max(most, _size(part))
                if in_vain > (self.patience.retries if most > before else 1):
                    raise _MirrorError(str(error)) from error
                print(f"{self.url}: {error}; trying again", file=sys.stderr)
            time.sleep(self.patience.pause * 2 ** max(0, in_vain - 1))

    def _request(self, part: Path) -> None:
        """One request for what `part` lacks."""
        size = _size(part)
        response = self._open(size)
        if response is None:
            return
        with response:
            start, total = _span(response, size)
            chunk = _read(response)
            if not chunk:
                raise _BrokenOffError("broke off before the first byte")
            if start == 0 and not chunk.startswith(GZIP_MAGIC):
                raise _MirrorError(f"no archive ({response.headers.get_content_type()})")
            self.version = _version(response)
            part.touch()
            with (
                part.open("r+b", buffering=0) as file,
                tqdm(
                    desc="Fetching",
                    initial=start,
                    total=total,
                    unit="B",
                    unit_scale=True,
                    disable=None,
                ) as bar,
            ):
                file.seek(start)
                file.truncate()
                while chunk:
                    file.write(chunk)
                    bar.update(len(chunk))
                    chunk = _read(response)
        if total is not None and _size(part) < total:
            raise _BrokenOffError(f"broke off after {_size(part)} of {total} bytes")

    def _open(self, size: int) -> HTTPResponse | None:
        """The server's answer with what comes after `size` bytes; None if there is no more."""
        headers = {"User-Agent": "hw1"}
        if size:
            headers["Range"] = f"bytes={size}-"
            if self.version:
                headers["If-Range"] = self.version
        try:
            address = quote(self.url, safe="/:?#[]@!$&'()*+,;=%~")
            if urlsplit(address).scheme not in ("http", "https"):
                raise _MirrorError("no address that begins with http:// or https://")
            request = Request(address, headers=headers)  # noqa: S310  # the scheme is checked
            response: HTTPResponse = urlopen(request, timeout=self.patience.stall)  # noqa: S310
        except HTTPError as error:
            error.close()
            if error.code == 416:
                return None
            reason = f"{error.reason} ({error.code})"
            if error.code in (408, 429) or error.code >= 500:
                raise _BrokenOffError(reason) from error
            raise _MirrorError(reason) from error
        except URLError as error:
            raise _BrokenOffError(_describe(error.reason)) from error
        except (OSError, HTTPException) as error:
            raise _BrokenOffError(_describe(error)) from error
        except ValueError as error:
            raise _MirrorError(f"no address ({error})") from error
        return response


def _span(response: HTTPResponse, size: int) -> tuple[int, int | None]:
    """The place in the file where the answer begins, and the file's size if it is known."""
    if response.status == 206:
        span = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip()
        )
        if span is None or int(span[1]) > size:
            raise _MirrorError("not the part that was asked for")
        return int(span[1]), None if span[2] == "*" else int(span[2])
    if response.status != 200:
        raise _MirrorError(f"status {response.status}")
    return 0, response.length


def _version(response: HTTPResponse) -> str | None:
    """What tells this version of the file from others: a strong ETag, else its time."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _read(response: HTTPResponse) -> bytes:
    """The next bytes as soon as there are any; none at the end."""
    try:
        return response.read1(CHUNK)
    except (OSError, HTTPException, ValueError) as error:  # ValueError: a broken chunk size
        raise _BrokenOffError(_describe(error)) from error


def _describe(error: object) -> str:
    """In words why there was no answer."""
    if isinstance(error, TimeoutError):
        return "no byte for too long"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _size(path: Path) -> int:
    """In bytes; 0 if there is no such file."""
    return path.stat().st_size if path.exists() else 0


def _unpack(archive: Archive, path: Path) -> None:
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
