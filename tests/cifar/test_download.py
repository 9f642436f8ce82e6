from __future__ import annotations

import hashlib
import io
import os
import pickle
import resource
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from hw1lib.cifar.archive import Archive, damaged_files
from hw1lib.cifar.data import CACHE, CLASSES, load_cifar10, torchvision_archive
from hw1lib.cifar.download import fetch
from hw1lib.cifar.server import Patience
from hw1lib.errors import InputError
from mirrors import (
    Behaviour,
    Mirror,
    Request,
    breaks_off,
    drips,
    fails,
    good,
    ignores_range,
    mirror,
    redirects,
    shows_a_page,
    stalls,
    without_length,
)

FOLDER = "cifar-10-batches-py"
NAME = "cifar-10-python.tar.gz"
QUICK = Patience(stall=0.3, retries=2, pause=0.01)
Serve = Callable[..., Mirror]


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def batch(seed: int, size: int = 40) -> bytes:
    """A file like torchvision's, with noise for images."""
    noise = np.random.default_rng(seed).integers(0, 256, (size, 3072), dtype=np.uint8)
    return pickle.dumps({"data": noise, "labels": [i % 10 for i in range(size)]})


CONTENT = {
    "data_batch_1": batch(1),
    "test_batch": batch(2),
    "batches.meta": pickle.dumps({"label_names": list(CLASSES)}),
}


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A .tar.gz of these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def file(name: str, content: bytes = b"") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


MEMBERS = (
    special(FOLDER, tarfile.DIRTYPE),
    *(file(f"{FOLDER}/{name}", content) for name, content in CONTENT.items()),
    file(f"{FOLDER}/readme.html", b"<html>"),
)
BODY = packed(*MEMBERS)
ARCHIVE = Archive(
    "http://127.0.0.1:9/unused",
    NAME,
    md5(BODY),
    FOLDER,
    {name: md5(content) for name, content in CONTENT.items()},
)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers of the archive that behave as told."""
    with ExitStack() as stack:

        def start(*behaviours: Behaviour, body: bytes = BODY) -> Mirror:
            return stack.enter_context(mirror(body, *behaviours))

        yield start


def fetch_from(data_dir: Path, *servers: Mirror) -> None:
    """The last one is the archive's own URL."""
    *mirrors, own = [server.url for server in servers]
    fetch(replace(ARCHIVE, url=own), data_dir, mirrors, QUICK)
    assert damaged_files(ARCHIVE, data_dir) == []
    assert (data_dir / NAME).read_bytes() == BODY
    assert visible(data_dir) == [FOLDER, NAME]


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def write_part(data_dir: Path, content: bytes) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / f"{NAME}.part").write_bytes(content)


def test_fetches_checks_and_unpacks(tmp_path: Path, serve: Serve) -> None:
    server = serve(good)
    fetch_from(tmp_path / "new" / "folder", server)
    assert server.ranges == [None]
    unpacked = {
        path.name: path.read_bytes() for path in (tmp_path / "new/folder" / FOLDER).iterdir()
    }
    assert unpacked == CONTENT


def test_what_is_there_is_left_alone(tmp_path: Path, serve: Serve) -> None:
    fetch_from(tmp_path, serve(good))
    (tmp_path / NAME).unlink()
    before = (tmp_path / FOLDER).stat().st_mtime_ns
    fetch(ARCHIVE, tmp_path, (), QUICK)  # nothing serves ARCHIVE.url
    assert (tmp_path / FOLDER).stat().st_mtime_ns == before


def test_an_archive_that_is_there_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(BODY)
    fetch(ARCHIVE, tmp_path, (), QUICK)
    assert damaged_files(ARCHIVE, tmp_path) == []


def test_a_damaged_file_is_unpacked_again(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(BODY)
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "test_batch").write_bytes(b"cut")
    (tmp_path / FOLDER / "notes").write_bytes(b"mine")
    fetch(ARCHIVE, tmp_path, (), QUICK)
    assert damaged_files(ARCHIVE, tmp_path) == []
    assert (tmp_path / FOLDER / "notes").read_bytes() == b"mine"


@pytest.mark.parametrize("fault", [breaks_off(70_000), stalls(70_000)])
def test_goes_on_where_it_broke_off(tmp_path: Path, serve: Serve, fault: Behaviour) -> None:
    server = serve(fault, fault, good)
    fetch_from(tmp_path, server)
    assert server.ranges == [None, "bytes=70000-", "bytes=140000-"]
    assert [headers.get("If-Range") for headers in server.requests] == [None, '"one"', '"one"']


@pytest.mark.parametrize("fault", [breaks_off(0), stalls(0), fails(503)])
def test_a_server_that_never_sends_is_given_up(
    tmp_path: Path, serve: Serve, fault: Behaviour
) -> None:
    bad, other = serve(fault), serve(good)
    fetch_from(tmp_path, bad, other)
    assert (len(bad.requests), len(other.requests)) == (2, 1)


def test_the_next_server_goes_on_where_one_stopped(tmp_path: Path, serve: Serve) -> None:
    bad, other = serve(breaks_off(50_000), breaks_off(0)), serve(good)
    fetch_from(tmp_path, bad, other)
    assert bad.ranges == [None] + ["bytes=50000-"] * 3  # retries with pauses, then no more
    assert other.ranges == ["bytes=50000-"]


@pytest.mark.parametrize("fault", [fails(404), fails(403), shows_a_page, fails(204)])
def test_a_server_without_the_file_is_asked_once(
    tmp_path: Path, serve: Serve, fault: Behaviour
) -> None:
    write_part(tmp_path, BODY[:1000])
    bad, other = serve(fault), serve(good)
    fetch_from(tmp_path, bad, other)
    assert bad.ranges == other.ranges == ["bytes=1000-"]  # and what was there was kept


def test_wrong_bytes_are_named_and_deleted(
    tmp_path: Path, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = serve(good, body=packed(file("other", b"content")))
    other = serve(good)
    fetch_from(tmp_path, wrong, other)
    assert f"{wrong.url}: wrong bytes (md5 " in capsys.readouterr().err
    assert other.ranges == [None]


def test_wrong_bytes_alone_leave_nothing(tmp_path: Path, serve: Serve) -> None:
    wrong = serve(good, body=BODY[:-1] + bytes([BODY[-1] ^ 1]))
    with pytest.raises(InputError, match=r"wrong bytes .*md5.*, deleted"):
        fetch_from(tmp_path, wrong)
    assert visible(tmp_path) == []


def test_a_wrong_beginning_is_not_held_against_the_server(tmp_path: Path, serve: Serve) -> None:
    write_part(tmp_path, bytes(1000))
    server = serve(good)
    fetch_from(tmp_path, server)
    assert server.ranges == ["bytes=1000-", None]


def test_a_server_that_ignores_ranges_starts_over(tmp_path: Path, serve: Serve) -> None:
    write_part(tmp_path, bytes(1000))
    server = serve(ignores_range)
    fetch_from(tmp_path, server)
    assert server.ranges == ["bytes=1000-"]


def test_a_server_that_does_not_tell_the_size(tmp_path: Path, serve: Serve) -> None:
    fetch_from(tmp_path, serve(without_length))


def test_a_whole_part_is_used_without_network(tmp_path: Path) -> None:
    write_part(tmp_path, BODY)
    fetch(ARCHIVE, tmp_path, (), QUICK)
    assert damaged_files(ARCHIVE, tmp_path) == []


def test_too_long_a_part_is_fetched_anew(tmp_path: Path, serve: Serve) -> None:
    write_part(tmp_path, BODY + b"more")
    server = serve(good)
    fetch_from(tmp_path, server)
    assert server.ranges == [f"bytes={len(BODY) + 4}-", None]


def test_a_cut_archive_is_completed(tmp_path: Path, serve: Serve) -> None:
    (tmp_path / NAME).write_bytes(BODY[:-5000])  # as torchvision leaves it
    server = serve(good)
    fetch_from(tmp_path, server)
    assert server.ranges == [f"bytes={len(BODY) - 5000}-"]


def test_redirections_keep_the_range(tmp_path: Path, serve: Serve) -> None:
    write_part(tmp_path, BODY[:1000])
    other = serve(good)
    fetch_from(tmp_path, serve(redirects(other.url)))
    assert other.ranges == ["bytes=1000-"]


def test_without_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    write_part(tmp_path, BODY[:100_000])
    with pytest.raises(InputError) as caught:
        fetch(ARCHIVE, tmp_path, ["http://127.0.0.1:9/a", "ftp://b", "http://[/", "no"], QUICK)
    message = str(caught.value)
    for url in ("http://127.0.0.1:9/a", "ftp://b", "http://[/", "no", ARCHIVE.url):
        assert f"{url}: " in message
    assert f"put {NAME} (md5 {md5(BODY)}) there" in message
    assert "goes on after 0.1 MB" in message
    assert "\n" not in message
    assert (tmp_path / f"{NAME}.part").read_bytes() == BODY[:100_000]


@pytest.mark.parametrize(
    ("evil", "named"),
    [
        (file("../outside", b"x"), "../outside"),
        (file(f"{FOLDER}/../../outside", b"x"), "outside"),
        (file("/tmp/outside-of-hw1", b"x"), "outside-of-hw1"),  # noqa: S108
        (file("other/test_batch", b"x"), "other/test_batch"),
        (file(f"{FOLDER}/..", b"x"), "/.."),
        (file(f"{FOLDER}/sub/file", b"x"), "sub/file"),
        (special(f"{FOLDER}/link", tarfile.SYMTYPE, "/etc/passwd"), "link"),
        (special(FOLDER, tarfile.SYMTYPE, ".."), FOLDER),
        (special(f"{FOLDER}/test_batch", tarfile.LNKTYPE, "../outside"), "test_batch"),
        (special(f"{FOLDER}/pipe", tarfile.FIFOTYPE), "pipe"),
        (special(f"{FOLDER}/device", tarfile.CHRTYPE), "device"),
    ],
)
def test_an_archive_with_what_does_not_belong_is_refused(
    tmp_path: Path, evil: tuple[tarfile.TarInfo, bytes], named: str
) -> None:
    body = packed(*MEMBERS, evil)
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / NAME).write_bytes(body)
    with pytest.raises(InputError, match=rf"{named}, which does not belong there"):
        fetch(replace(ARCHIVE, md5=md5(body)), data_dir, (), QUICK)
    assert visible(data_dir) == [NAME]
    assert visible(tmp_path) == ["data"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (packed(*MEMBERS[:2]), "lacks test_batch, batches.meta"),
        (packed(*MEMBERS[:2], file(f"{FOLDER}/test_batch", b"x"), MEMBERS[3]), "lacks test_batch"),
        (BODY[:100_000], "can't be unpacked"),
        (b"no archive", "can't be unpacked"),
    ],
)
def test_an_archive_that_is_not_whole_is_refused(tmp_path: Path, body: bytes, message: str) -> None:
    (tmp_path / NAME).write_bytes(body)
    with pytest.raises(InputError, match=message):
        fetch(replace(ARCHIVE, md5=md5(body)), tmp_path, (), QUICK)
    assert visible(tmp_path) == [NAME]


def test_only_one_process_fetches(tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / f".{NAME}.lock"),
        pytest.raises(InputError, match="Another process is fetching"),
    ):
        fetch(ARCHIVE, tmp_path, (), QUICK)


def test_a_full_disk_keeps_what_was_fetched(tmp_path: Path, serve: Serve) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(InputError, match=r"can't be put into .*free some space"):
            fetch_from(tmp_path, serve(good))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / f"{NAME}.part").read_bytes() == BODY[:100_000]
    server = serve(good)
    fetch_from(tmp_path, server)
    assert server.ranges == ["bytes=100000-"]


def test_ctrl_c_keeps_what_was_fetched(tmp_path: Path, serve: Serve) -> None:
    def interrupts(request: Request) -> None:
        request.handler.wfile.write(request.begin()[:100_000])
        while not part.exists() or part.stat().st_size < 100_000:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        request.closing.wait(30)

    part = tmp_path / f"{NAME}.part"
    server = serve(interrupts, good)
    with pytest.raises(InputError, match=r"Stopped with 0\.1 MB of .*same command goes on"):
        fetch(ARCHIVE, tmp_path, [server.url], QUICK)
    fetch_from(tmp_path, server)
    assert server.ranges == [None, "bytes=100000-"]


def test_a_place_that_cant_hold_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"file/below"):
        fetch(ARCHIVE, tmp_path / "file" / "below", (), QUICK)


def test_the_archive_is_torchvisions(root: Path) -> None:
    archive = torchvision_archive()
    assert archive.md5 == "c58f30108f718f92721af3b95e74349a"
    assert archive.url.endswith(f"/{NAME}")
    assert len(archive.files) == 7
    assert archive.md5 in (root / "README.md").read_text()


# `hw1 data`, for the small archive.
HW1_DATA = f"""
import sys
from hw1lib.cifar.torchvision_import import import_torchvision
import_torchvision()
from torchvision.datasets import CIFAR10
files = {ARCHIVE.files}
CIFAR10.tgz_md5 = {ARCHIVE.md5!r}
CIFAR10.train_list = [["data_batch_1", files["data_batch_1"]]]
CIFAR10.test_list = [["test_batch", files["test_batch"]]]
CIFAR10.meta = {{**CIFAR10.meta, "md5": files["batches.meta"]}}
from hw1lib.cli import main
sys.exit(main(["data", *sys.argv[1:]]))
"""


def start_hw1_data(data_dir: Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HW1_DATA, "--data-dir", str(data_dir), "--url", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_hw1_data_goes_on_after_kill_9(tmp_path: Path, serve: Serve) -> None:
    data_dir = tmp_path / "a folder with späces"
    part = data_dir / f"{NAME}.part"
    server = serve(drips(2000, 0.02), good)
    process = start_hw1_data(data_dir, server.url)
    while not part.exists() or part.stat().st_size < 50_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    size = part.stat().st_size
    process = start_hw1_data(data_dir, server.url)
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert output.startswith("40 training and 40 test images are ready in ")
    assert server.ranges == [None, f"bytes={size}-"]
    assert visible(data_dir) == [FOLDER, NAME, CACHE]


def test_training_fetches_what_is_not_there(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", serve(good).url)
    monkeypatch.setattr(CIFAR10, "tgz_md5", ARCHIVE.md5)
    monkeypatch.setattr(CIFAR10, "train_list", [("data_batch_1", ARCHIVE.files["data_batch_1"])])
    monkeypatch.setattr(CIFAR10, "test_list", [("test_batch", ARCHIVE.files["test_batch"])])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": ARCHIVE.files["batches.meta"]})
    data = load_cifar10(tmp_path)
    assert (len(data.train), len(data.test)) == (40, 40)
    assert "md5 checked" in data.source
