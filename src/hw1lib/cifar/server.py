"""One server of a file: the rest of what is there is asked for, until the file is whole.

Whatever stops a download (a stall, a break-off, Ctrl-C, kill -9), the next request is for the rest
only (RFC 9110, section 14).
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from tqdm import tqdm

from hw1lib.cifar.archive import md5_of

CHUNK = 1 << 16
GZIP_MAGIC = b"\x1f\x8b"


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


class MirrorError(Exception):
    """A server does not give the file; retrying won't help."""


class BrokenOffError(Exception):
    """A server gave none or a part of the file; a retry may give more."""


class Server:
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
            resumed = size_of(part) > 0
            if not (resumed and md5_of(part) == md5):
                self._fetch(part)
            found = md5_of(part)
            if found == md5:
                return
            part.unlink(missing_ok=True)
            if not resumed:
                raise MirrorError(f"wrong bytes (md5 {found}), deleted")

    def _fetch(self, part: Path) -> None:
        """Completes `part`, with pauses and retries as long as there is hope."""
        before = most = size_of(part)
        in_vain = 0
        while True:
            try:
                self._request(part)
                return
            except BrokenOffError as error:
                in_vain = 0 if size_of(part) > most else in_vain + 1
                most = max(most, size_of(part))
                if in_vain > (self.patience.retries if most > before else 1):
                    raise MirrorError(str(error)) from error
                print(f"{self.url}: {error}; trying again", file=sys.stderr)
            time.sleep(self.patience.pause * 2 ** max(0, in_vain - 1))

    def _request(self, part: Path) -> None:
        """One request for what `part` lacks."""
        size = size_of(part)
        response = self._open(size)
        if response is None:
            return
        with response:
            start, total = _span(response, size)
            chunk = _read(response)
            if not chunk:
                raise BrokenOffError("broke off before the first byte")
            if start == 0 and not chunk.startswith(GZIP_MAGIC):
                raise MirrorError(f"no archive ({response.headers.get_content_type()})")
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
        if total is not None and size_of(part) < total:
            raise BrokenOffError(f"broke off after {size_of(part)} of {total} bytes")

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
                raise MirrorError("no address that begins with http:// or https://")
            request = Request(address, headers=headers)  # noqa: S310  # the scheme is checked
            response: HTTPResponse = urlopen(request, timeout=self.patience.stall)  # noqa: S310
        except HTTPError as error:
            error.close()
            if error.code == 416:
                return None
            reason = f"{error.reason} ({error.code})"
            if error.code in (408, 429) or error.code >= 500:
                raise BrokenOffError(reason) from error
            raise MirrorError(reason) from error
        except URLError as error:
            raise BrokenOffError(_describe(error.reason)) from error
        except (OSError, HTTPException) as error:
            raise BrokenOffError(_describe(error)) from error
        except ValueError as error:
            raise MirrorError(f"no address ({error})") from error
        return response


def _span(response: HTTPResponse, size: int) -> tuple[int, int | None]:
    """The place in the file where the answer begins, and the file's size if it is known."""
    if response.status == 206:
        span = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip()
        )
        if span is None or int(span[1]) > size:
            raise MirrorError("not the part that was asked for")
        return int(span[1]), None if span[2] == "*" else int(span[2])
    if response.status != 200:
        raise MirrorError(f"status {response.status}")
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
        raise BrokenOffError(_describe(error)) from error


def _describe(error: object) -> str:
    """In words why there was no answer."""
    if isinstance(error, TimeoutError):
        return "no byte for too long"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def size_of(path: Path) -> int:
    """In bytes; 0 if there is no such file."""
    return path.stat().st_size if path.exists() else 0
