"""A small archive like CIFAR-10's, and servers on this machine that send it well or badly."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

import numpy as np
import pytest

from hw1lib.cifar.data import CLASSES
from hw1lib.cifar.download import BATCHES, torchvision_cifar10

NAME = "cifar-10-python.tar.gz"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def batch(seed: int) -> bytes:
    """A file like torchvision's, with noise for 40 images."""
    noise = np.random.default_rng(seed).integers(0, 256, (40, 3072), dtype=np.uint8)
    return pickle.dumps({"data": noise, "labels": [i % 10 for i in range(40)]})


def packed(*members: tuple[str, bytes], link: str = "") -> bytes:
    """A .tar.gz of these names and contents and, if asked for, a link that leads outside."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        if link:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, "../../outside"
            tar.addfile(member)
    return gzip.compress(out.getvalue(), 1, mtime=0)


CONTENT = {
    "data_batch_1": batch(1),
    "test_batch": batch(2),
    "batches.meta": pickle.dumps({"label_names": list(CLASSES)}),
}
MEMBERS = [(f"{BATCHES}/{name}", content) for name, content in CONTENT.items()]
BODY = packed(*MEMBERS)


def use_small_cifar10(monkeypatch: pytest.MonkeyPatch, body: bytes = BODY, url: str = "") -> None:
    """Lets torchvision's CIFAR10 be 40 training and 40 test images, in the archive `body`."""
    cifar10 = torchvision_cifar10()
    sums = {name: md5(content) for name, content in CONTENT.items()}
    monkeypatch.setattr(cifar10, "url", url or "http://127.0.0.1:9/unused")
    monkeypatch.setattr(cifar10, "tgz_md5", md5(body))
    monkeypatch.setattr(cifar10, "train_list", [("data_batch_1", sums["data_batch_1"])])
    monkeypatch.setattr(cifar10, "test_list", [("test_batch", sums["test_batch"])])
    monkeypatch.setattr(cifar10, "meta", {**cifar10.meta, "md5": sums["batches.meta"]})


class Mirror(ThreadingHTTPServer):
    """A server on this machine.

    It answers its first request by the first behaviour, …, and all others by the last.
    """

    def __init__(self, behaviours: tuple[Behaviour, ...], body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/{NAME}"
        self.behaviours, self.body = behaviours, body
        self.ranges: list[str | None] = []  # that were requested
        self.closing = threading.Event()


class Answer(BaseHTTPRequestHandler):
    """The answer to one request, with the means to give it."""

    server: Mirror

    def do_GET(self) -> None:
        ranges, behaviours = self.server.ranges, self.server.behaviours
        ranges.append(self.headers.get("Range"))
        with suppress(BrokenPipeError, ConnectionResetError):
            behaviours[min(len(ranges), len(behaviours)) - 1](self)

    def log_message(self, *_: object) -> None:
        return

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


Behaviour: TypeAlias = Callable[[Answer], object]


def good(answer: Answer, limit: int | None = None) -> None:
    """As a good server does, but for bytes after the first `limit`."""
    body, asked = answer.server.body, answer.headers.get("Range")
    start, size = int((asked or "bytes=0-")[6:-1]), len(body)
    if start >= size:
        answer.head(416, Content_Range=f"bytes */{size}", Content_Length=0)
    elif start:
        place = f"bytes {start}-{size - 1}/{size}"
        answer.head(206, Content_Range=place, Content_Length=size - start)
    else:
        answer.head(200, Content_Length=size)
    answer.wfile.write(body[start:][:limit])


def breaks_off(after: int) -> Behaviour:
    return lambda answer: good(answer, after)


def stalls(after: int) -> Behaviour:
    return lambda answer: (good(answer, after), answer.server.closing.wait(30))


def ignores_range(answer: Answer) -> None:
    answer.head(200)
    answer.wfile.write(answer.server.body)


def sends_another_part(answer: Answer) -> None:
    answer.head(206, Content_Range="bytes 7-8/9", Content_Length=0)


def shows_a_page(answer: Answer) -> None:
    answer.head(200, Content_Type="text/html")
    answer.wfile.write(b"<html>Please log in</html>")


def fails(status: int) -> Behaviour:
    return lambda answer: answer.head(status, Content_Length=0)


@contextmanager
def mirror(*behaviours: Behaviour, body: bytes = BODY) -> Iterator[Mirror]:
    """A running server."""
    server = Mirror(behaviours, body)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
