from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from filelock import FileLock

from hw1lib.cifar import download
from hw1lib.cifar.data import CACHE
from hw1lib.cifar.download import BATCHES, damaged_files, fetch_cifar10, torchvision_cifar10
from hw1lib.errors import InputError
from mirrors import (
    BODY,
    CONTENT,
    MEMBERS,
    NAME,
    Behaviour,
    Mirror,
    breaks_off,
    fails,
    good,
    ignores_range,
    md5,
    mirror,
    packed,
    sends_another_part,
    shows_a_page,
    stalls,
    use_small_cifar10,
)  # fmt: skip

Serve = Callable[..., Mirror]
TORCHVISIONS = BODY[:-5000]  # which leaves a part under the name of the whole


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "STALL", 0.3)
    monkeypatch.setattr(download, "PAUSE", 0.01)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts servers of the small archive that behave as told."""
    use_small_cifar10(monkeypatch)
    with ExitStack() as stack:
        yield lambda *behaviours, **body: stack.enter_context(mirror(*behaviours, **body))


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def fetch_from(data_dir: Path, *servers: Mirror) -> None:
    """Fetches, and checks that all is there and nothing else."""
    fetch_cifar10(data_dir, [server.url for server in servers])
    assert damaged_files(data_dir) == []
    assert (data_dir / NAME).read_bytes() == BODY
    assert visible(data_dir) == [BATCHES, NAME]


def write_part(data_dir: Path, content: bytes) -> None:
    (data_dir / f"{NAME}.part").write_bytes(content)


def test_what_is_there_is_left_alone(tmp_path: Path, serve: Serve) -> None:
    server = serve(good)
    fetch_from(tmp_path / "new" / "folder", server)
    folder = tmp_path / "new" / "folder" / BATCHES
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT
    (folder.parent / NAME).unlink()
    for named in (folder.parent, folder):
        fetch_cifar10(named, [server.url])
    (tmp_path / "tree" / "train").mkdir(parents=True)
    fetch_cifar10(tmp_path / "tree", [server.url])
    assert server.ranges == [None]


def test_an_archive_repairs_files_without_network(tmp_path: Path, serve: Serve) -> None:
    (tmp_path / NAME).write_bytes(BODY)
    fetch_from(tmp_path)
    (tmp_path / BATCHES / "test_batch").write_bytes(b"cut")
    (tmp_path / BATCHES / "notes").write_bytes(b"mine")
    fetch_from(tmp_path)
    assert (tmp_path / BATCHES / "notes").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("part", "behaviours", "ranges"),
    [
        (b"", [breaks_off(70_000)] * 2 + [good], [None, "bytes=70000-", "bytes=140000-"]),
        (b"", [stalls(70_000), good], [None, "bytes=70000-"]),
        (b"", [fails(503), stalls(0), good], [None] * 3),
        (BODY, [good], []),
        (BODY[:1000], [ignores_range], ["bytes=1000-"]),
        (TORCHVISIONS, [good], [f"bytes={len(TORCHVISIONS)}-"]),
    ],
)
def test_resumes_where_it_or_torchvision_stopped(
    tmp_path: Path, serve: Serve, part: bytes, behaviours: list[Behaviour], ranges: list[str | None]
) -> None:
    (tmp_path / (NAME if part == TORCHVISIONS else f"{NAME}.part")).write_bytes(part)
    server = serve(*behaviours)
    fetch_from(tmp_path, server)
    assert server.ranges == ranges


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (fails(404), 1), (shows_a_page, 1), (sends_another_part, 1),
        (fails(503), 3), (breaks_off(0), 3), (stalls(0), 3),
    ],
)  # fmt: skip
def test_the_next_server_goes_on(
    tmp_path: Path, serve: Serve, fault: Behaviour, requests: int
) -> None:
    write_part(tmp_path, BODY[:1000])
    bad, other = serve(fault), serve(good)
    fetch_from(tmp_path, bad, other)
    assert (bad.ranges, other.ranges) == (["bytes=1000-"] * requests, ["bytes=1000-"])


@pytest.mark.parametrize("part", [b"", bytes(1000), BODY + b"more"])
def test_a_wrong_file_is_deleted(
    tmp_path: Path, serve: Serve, capsys: pytest.CaptureFixture[str], part: bytes
) -> None:
    """The server's own, or one whose beginning was wrong before."""
    write_part(tmp_path, part)
    wrong, other = serve(good, body=BODY[:-1] + b"?"), serve(good)
    with pytest.raises(InputError, match=r"wrong file \(md5\), deleted"):
        fetch_cifar10(tmp_path, [wrong.url])
    assert visible(tmp_path) == []
    fetch_from(tmp_path, wrong, other)
    assert other.ranges == [None]
    assert f"{wrong.url}: wrong file" in capsys.readouterr().err


@pytest.mark.parametrize("seed", range(3))
def test_no_byte_is_asked_for_twice(tmp_path: Path, serve: Serve, seed: int) -> None:
    """Servers that keep to the rules, whatever they do in between."""
    chance = random.Random(seed)
    faults = [breaks_off(chance.randrange(1, 90_000)) for _ in range(6)]
    faults += [fails(503), fails(429), breaks_off(0)]
    servers = [serve(*chance.sample(faults, 5), fails(404)), serve(*chance.sample(faults, 5), good)]
    fetch_from(tmp_path, *servers)
    starts = [int((r or "=0-")[:-1].split("=")[1]) for s in servers for r in s.ranges]
    assert starts == sorted(starts)
    assert len(set(starts)) >= 3


@pytest.mark.usefixtures("serve")
def test_without_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    write_part(tmp_path, BODY[:1000])
    urls = ["http://127.0.0.1:9/a", "ftp://b", "http://[/", "no", "http://127.0.0.1:9/\n"]
    with pytest.raises(InputError) as caught:
        fetch_cifar10(tmp_path, urls)
    message = str(caught.value)
    assert message.isprintable()
    assert all(f"{url.strip()}" in message for url in urls)
    assert f"put {NAME} (md5 {md5(BODY)}) there" in message
    assert (tmp_path / f"{NAME}.part").read_bytes() == BODY[:1000]


@pytest.mark.parametrize(
    "body",
    [
        packed(*MEMBERS, ("../outside", b"x")),
        packed(*MEMBERS, link=f"{BATCHES}/link"),
        packed(*MEMBERS[:2]),
        BODY[:100_000],
        b"no archive",
    ],
)
def test_an_unfit_archive_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """Even one whose md5 is right."""
    use_small_cifar10(monkeypatch, body)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / NAME).write_bytes(body)
    with pytest.raises(InputError, match=rf"{NAME} (lacks|can't be unpacked).*; delete it\."):
        fetch_cifar10(tmp_path / "data")
    assert visible(tmp_path / "data") == [NAME]
    assert visible(tmp_path) == ["data"]


def test_only_one_process_downloads(tmp_path: Path) -> None:
    refused = pytest.raises(InputError, match="Another process is downloading")
    with FileLock(tmp_path / f".{NAME}.lock"), refused:
        fetch_cifar10(tmp_path)


def test_a_full_disk_keeps_what_was_downloaded(tmp_path: Path, serve: Serve) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(InputError, match=r"can't be written to .*; free some space"):
            fetch_from(tmp_path, serve(good))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    server = serve(good)
    fetch_from(tmp_path, server)
    assert server.ranges == ["bytes=100000-"]


def test_a_place_that_cant_hold_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"can't be written to .*file/below .*name another folder"):
        fetch_cifar10(tmp_path / "file/below")


def test_the_archive_is_torchvisions(root: Path) -> None:
    assert torchvision_cifar10().tgz_md5 == "c58f30108f718f92721af3b95e74349a"
    assert torchvision_cifar10().tgz_md5 in (root / "README.md").read_text()
    assert len(damaged_files(root / "nothing")) == 7


HW1 = """
import sys, pytest
from mirrors import use_small_cifar10
use_small_cifar10(pytest.MonkeyPatch())
from hw1lib.cli import main
sys.exit(main(["data", *sys.argv[1:]]))
"""


@pytest.mark.slow
def test_hw1_data_resumes_after_it_was_stopped(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    server = serve(stalls(50_000), stalls(50_000), good)
    folder = tmp_path / "a folder with späces"
    command = [sys.executable, "-c", HW1, "--data-dir", str(folder), "--url", server.url]
    part = folder / f"{NAME}.part"
    for kill, size in ((signal.SIGINT, 50_000), (signal.SIGKILL, 100_000)):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while not part.exists() or part.stat().st_size < size:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(kill)
        assert "Traceback" not in process.communicate(timeout=20)[1]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.startswith("40 training and 40 test images are ready in ")
    assert server.ranges == [None, "bytes=50000-", "bytes=100000-"]
    assert visible(folder) == [BATCHES, NAME, CACHE]
