"""Servers of a file that behave well or badly, on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

Behaviour: TypeAlias = Callable[["Request"], None]


@dataclass
class Mirror:
    """A running server: its address, and the headers of the requests that came."""

    url: str
    requests: list[dict[str, str]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for headers in self.requests]


@dataclass
class Request:
    """One request for `body`, with the means to answer it."""

    body: bytes
    handler: BaseHTTPRequestHandler
    closing: threading.Event

    @property
    def start(self) -> int:
        asked = self.handler.headers.get("Range")
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0

    def head(self, status: int, **headers: str) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def begin(self) -> bytes:
        """Sends the headers as a good server does, and gives what is to follow."""
        start, size = self.start, len(self.body)
        if start >= size:
            self.head(416, Content_Range=f"bytes */{size}", Content_Length="0")
            return b""
        rest = self.body[start:]
        headers = {"Content_Length": str(len(rest)), "ETag": '"one"', "Accept_Ranges": "bytes"}
        if start:
            self.head(206, Content_Range=f"bytes {start}-{size - 1}/{size}", **headers)
        else:
            self.head(200, **headers)
        return rest


def good(request: Request) -> None:
    request.handler.wfile.write(request.begin())


def breaks_off(after: int) -> Behaviour:
    def behave(request: Request) -> None:
        request.handler.wfile.write(request.begin()[:after])

    return behave


def stalls(after: int) -> Behaviour:
    def behave(request: Request) -> None:
        request.handler.wfile.write(request.begin()[:after])
        request.closing.wait(30)

    return behave


def drips(size: int, seconds: float) -> Behaviour:
    """Sends `size` bytes every so many seconds."""

    def behave(request: Request) -> None:
        rest = request.begin()
        for i in range(0, len(rest), size):
            request.handler.wfile.write(rest[i : i + size])
            if request.closing.wait(seconds):
                return

    return behave


def ignores_range(request: Request) -> None:
    request.head(200, Content_Length=str(len(request.body)))
    request.handler.wfile.write(request.body)


def without_length(request: Request) -> None:
    request.head(200)
    request.handler.wfile.write(request.body)


def shows_a_page(request: Request) -> None:
    request.head(200, Content_Type="text/html")
    request.handler.wfile.write(b"<html>Please log in</html>")


def fails(status: int) -> Behaviour:
    return lambda request: request.head(status, Content_Length="0")


def redirects(url: str) -> Behaviour:
    return lambda request: request.head(302, Location=url, Content_Length="0")


@contextmanager
def mirror(body: bytes, *behaviours: Behaviour) -> Iterator[Mirror]:
    """A server that answers the first request by the first behaviour, …, the rest by the last."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests.append(dict(self.headers))
            behave = behaviours[min(len(state.requests), len(behaviours)) - 1]
            try:
                behave(Request(body, self, state.closing))
            except (BrokenPipeError, ConnectionResetError):
                return

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Mirror(f"http://127.0.0.1:{server.server_port}/cifar-10-python.tar.gz")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
