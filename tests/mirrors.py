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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

import numpy as np
import pytest

from hw1lib.cifar.data import CLASSES, torchvision_cifar10

NAME, BATCHES = "cifar-10-python.tar.gz", "cifar-10-batches-py"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def batch(seed: int) -> bytes:
    """A file like torchvision's, with noise for 40 images."""
    noise = np.random.default_rng(seed).integers(0, 256, (40, 3072), dtype=np.uint8)
    return pickle.dumps({"data": noise, "labels": [i % 10 for i in range(40)]})


CONTENT = {
    "data_batch_1": batch(1),
    "test_batch": batch(2),
    "batches.meta": pickle.dumps({"label_names": list(CLASSES)}),
}


def packed() -> bytes:
    """The same files as a .tar.gz."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in CONTENT.items():
            member = tarfile.TarInfo(f"{BATCHES}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(out.getvalue(), 1, mtime=0)


BODY = packed()


def use_small_cifar10(
    monkeypatch: pytest.MonkeyPatch, url: str = f"http://127.0.0.1:9/{NAME}"
) -> None:
    """Lets torchvision's CIFAR10 be 40 training and 40 test images, to be had at `url`."""
    cifar10 = torchvision_cifar10()
    sums = {name: md5(content) for name, content in CONTENT.items()}
    monkeypatch.setattr(cifar10, "url", url)
    monkeypatch.setattr(cifar10, "tgz_md5", md5(BODY))
    monkeypatch.setattr(cifar10, "train_list", [["data_batch_1", sums["data_batch_1"]]])
    monkeypatch.setattr(cifar10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(cifar10, "meta", {**cifar10.meta, "md5": sums["batches.meta"]})


class Answer(BaseHTTPRequestHandler):
    """The answer to one request, by what the server is to do."""

    server: Mirror

    def do_GET(self) -> None:
        self.server.requests += 1
        self.server.behaviour(self)

    def log_message(self, *_: object) -> None:
        return

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


Behaviour: TypeAlias = Callable[[Answer], object]


class Mirror(ThreadingHTTPServer):
    """A server on this machine, which counts the requests for a file."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/{NAME}"
        self.behaviour, self.requests = behaviour, 0


def good(answer: Answer) -> None:
    answer.head(200, Content_Length=len(BODY))
    answer.wfile.write(BODY)


def breaks_off(answer: Answer) -> None:
    answer.head(200, Content_Length=len(BODY))
    answer.wfile.write(BODY[:70_000])


def hangs_up(answer: Answer) -> None:
    """Without an answer."""
    answer.close_connection = True


def sends_another_file(answer: Answer) -> None:
    answer.head(200, Content_Length=len(BODY))
    answer.wfile.write(BODY[:-1] + b"?")


def shows_a_page(answer: Answer) -> None:
    answer.head(200, Content_Type="text/html")
    answer.wfile.write(b"<html>Please log in</html>")


def forbids(answer: Answer) -> None:
    answer.head(403, Content_Length=0)


@contextmanager
def mirror(behaviour: Behaviour) -> Iterator[Mirror]:
    """A running server."""
    server = Mirror(behaviour)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
