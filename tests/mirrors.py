"""A small archive like CIFAR-10's, and servers on this machine that send it well or badly."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

import numpy as np
import pytest

from hw1lib.cifar.data import BATCHES, CLASSES
from hw1lib.cifar.download import torchvision_cifar10

NAME = "cifar-10-python.tar.gz"
Behaviour: TypeAlias = Callable[["Request"], None]


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def batch(seed: int) -> bytes:
    """A file like torchvision's, with noise for 40 images."""
    noise = np.random.default_rng(seed).integers(0, 256, (40, 3072), dtype=np.uint8)
    return pickle.dumps({"data": noise, "labels": [i % 10 for i in range(40)]})


def packed(*members: tuple[str, bytes | tarfile.TarInfo]) -> bytes:
    """A .tar.gz of these names and contents."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
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


@dataclass
class Mirror:
    """A running server: its address, and the ranges that were requested."""

    url: str
    ranges: list[str | None] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@dataclass
class Request:
    """One request for `body`, with the means to answer it."""

    body: bytes
    handler: BaseHTTPRequestHandler
    closing: threading.Event

    def head(self, status: int, **headers: object) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), str(value))
        self.handler.end_headers()

    def send(self, limit: int | None = None) -> None:
        """Answers as a good server does, but for bytes after the first `limit`."""
        asked = self.handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        size = len(self.body)
        if start >= size:
            self.head(416, Content_Range=f"bytes */{size}", Content_Length=0)
        elif start:
            place = f"bytes {start}-{size - 1}/{size}"
            self.head(206, Content_Range=place, Content_Length=size - start)
        else:
            self.head(200, Content_Length=size)
        self.handler.wfile.write(self.body[start:][:limit])


def good(request: Request) -> None:
    request.send()


def breaks_off(after: int) -> Behaviour:
    return lambda request: request.send(after)


def stalls(after: int) -> Behaviour:
    def behave(request: Request) -> None:
        request.send(after)
        request.closing.wait(30)

    return behave


def ignores_range(request: Request) -> None:
    request.head(200, Content_Length=len(request.body))
    request.handler.wfile.write(request.body)


def without_length(request: Request) -> None:
    request.head(200)
    request.handler.wfile.write(request.body)


def sends_another_part(request: Request) -> None:
    request.head(206, Content_Range=f"bytes 7-{len(request.body) - 1}/{len(request.body)}")


def shows_a_page(request: Request) -> None:
    request.head(200, Content_Type="text/html")
    request.handler.wfile.write(b"<html>Please log in</html>")


def fails(status: int) -> Behaviour:
    return lambda request: request.head(status, Content_Length=0)


@contextmanager
def mirror(*behaviours: Behaviour, body: bytes = BODY) -> Iterator[Mirror]:
    """A server that answers the first request by the first behaviour, …, the rest by the last."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.ranges.append(self.headers.get("Range"))
            behave = behaviours[min(len(state.ranges), len(behaviours)) - 1]
            try:
                behave(Request(body, self, state.closing))
            except (BrokenPipeError, ConnectionResetError):
                return

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Mirror(f"http://127.0.0.1:{server.server_port}/{NAME}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
