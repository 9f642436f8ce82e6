from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch
from PIL import Image

from hw1lib.cifar.data import CACHE, CLASSES, default_data_dir, load_cifar10
from hw1lib.cifar.grayscale import read_all_gray
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError


def test_reads_an_image_tree(tree: Path) -> None:
    data = load_cifar10(tree)
    assert data.train.pixels.shape == (40, 1024)
    assert data.train.pixels.dtype == torch.uint8
    assert data.test.labels.tolist() == [label for label in range(10) for _ in range(4)]
    assert data.source == "an image tree of .png files"


def test_grey_is_the_luma_of_the_colours(tree: Path) -> None:
    """Against ITU-R 601's formula, within the rounding of a byte."""
    data = load_cifar10(tree)
    with Image.open(tree / "train" / "bird" / "2.png") as image:
        colours = torch.tensor(list(image.convert("RGB").get_flattened_data()), dtype=torch.float64)
    luma = colours @ torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)
    pixels = data.train.pixels[CLASSES.index("bird") * 4 + 2]
    assert float((luma - pixels).abs().max()) <= 1


@pytest.fixture
def small(tmp_path: Path, write_tree: Callable[..., Path]) -> Path:
    """An image tree to change, in a folder whose name is no easy one."""
    return write_tree(tmp_path / "a tree – für 'alle'", per_class=1)


def test_order_is_image_folders(tree: Path) -> None:
    """Against torchvision's own reader and its `Grayscale`."""
    import_torchvision()
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import Compose, Grayscale, PILToTensor

    data = load_cifar10(tree)
    for name, split in (("train", data.train), ("test", data.test)):
        expected = ImageFolder(str(tree / name), Compose([Grayscale(), PILToTensor()]))
        assert torch.equal(split.pixels, torch.stack([image.flatten() for image, _ in expected]))
        assert split.labels.tolist() == expected.targets


def replace_keeping_size_and_time(path: Path) -> None:
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: shutil.copy(path.parents[1] / "dog" / "0.png", path),
        lambda path: shutil.copy(path, path.with_name("1.png")),
        lambda path: path.rename(path.with_name("2.png")),
        lambda path: path.unlink(),
        replace_keeping_size_and_time,
    ],
)
def test_the_cache_is_used_until_a_file_changes(
    small: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    read: list[object] = []
    monkeypatch.setattr(
        "hw1lib.cifar.data.read_all_gray", lambda paths: read.append(1) or read_all_gray(paths)
    )
    digest = load_cifar10(small).digest()
    assert load_cifar10(small).digest() == digest
    assert len(read) == 1
    change(small / "train" / "cat" / "0.png")
    with suppress(InputError):
        load_cifar10(small)
        assert len(read) == 2


def test_the_images_in_memory_are_not_the_cache(small: Path) -> None:
    load_cifar10(small)
    data = load_cifar10(small)
    digest = data.digest()
    data.train.pixels.zero_()
    assert load_cifar10(small).digest() == digest


def test_a_damaged_cache_is_not_used(small: Path) -> None:
    """One bit flipped anywhere, or the end cut off: the same images come from the files."""
    first = load_cifar10(small)
    whole = (small / CACHE).read_bytes()
    generator = random.Random(0)
    header = int.from_bytes(whole[:8], "little") + 8
    places = [generator.randrange(header) for _ in range(40)]
    places += [generator.randrange(header, len(whole)) for _ in range(20)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << generator.randrange(8)
        (small / CACHE).write_bytes(damaged)
        data = load_cifar10(small)
        assert (data.digest(), data.source) == (first.digest(), first.source), place
        assert (small / CACHE).read_bytes() != damaged
    for size in (0, 7, header, len(whole) - 1):
        (small / CACHE).write_bytes(whole[:size])
        assert load_cifar10(small).digest() == first.digest()


def test_two_processes_prepare_and_load_at_once(small: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hw1lib.cifar.data import load_cifar10\n"
        "for _ in range(20): print(load_cifar10(Path(sys.argv[1])).digest())\n"
        "assert 'torchvision' not in sys.modules"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(small)], stdout=subprocess.PIPE)
    while other.poll() is None:
        (small / CACHE).unlink(missing_ok=True)
        digest = load_cifar10(small).digest()
        time.sleep(0.01)
    digests = set(other.communicate()[0].split())
    assert other.returncode == 0
    assert digests == {digest.encode()}
    assert sorted(path.name for path in small.iterdir()) == [CACHE, "test", "train"]


def test_a_folder_that_cant_be_written_to_goes_without_cache(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = load_cifar10(small).digest()
    (small / CACHE).unlink()
    with unprivileged(small, 0o555):
        assert load_cifar10(small).digest() == digest
    assert "will be read anew next time" in capsys.readouterr().err
    assert not (small / CACHE).exists()


def test_a_folder_that_cant_be_read_is_named(small: Path) -> None:
    with (
        unprivileged(small / "train" / "cat", 0o000),
        pytest.raises(InputError, match=r"train/cat can't be read \(Permission denied\)"),
    ):
        load_cifar10(small)


@contextmanager
def unprivileged(folder: Path, mode: int) -> Iterator[None]:
    """As a user who is not root, and with `mode` for `folder`."""
    above = [path for path in folder.parents if path.stat().st_mode & 0o077 == 0]
    before, root = folder.stat().st_mode, os.geteuid() == 0
    for path in above if root else []:
        path.chmod(0o711)
    folder.chmod(mode)
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(before)
        for path in above if root else []:
            path.chmod(0o700)


def test_a_file_for_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(InputError, match="data is a file: name a folder"):
        load_cifar10(tmp_path / "data")


def test_an_empty_class_is_named(small: Path) -> None:
    (small / "test" / "truck" / "0.png").unlink()
    with pytest.raises(InputError, match="test/truck is empty"):
        load_cifar10(small)


def test_a_class_too_many_is_named(small: Path) -> None:
    (small / "test" / "lorry").mkdir()
    with pytest.raises(InputError, match="test has lorry besides"):
        load_cifar10(small)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_split_is_named(small: Path, split: str) -> None:
    shutil.rmtree(small / split)
    with pytest.raises(InputError, match=f"{split} is missing"):
        load_cifar10(small)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_bytes(b""), r"note\.txt is no \.png or \.jpg"),
        (lambda path: path.mkdir(), r"note\.txt is a folder"),
        (lambda path: os.mkfifo(path), r"note\.txt is no regular file"),
        (lambda path: path.symlink_to(path), r"note\.txt can't be read"),
        (lambda path: path.symlink_to("nowhere"), r"note\.txt can't be read"),
    ],
)
def test_what_is_no_image_is_named(
    small: Path, make: Callable[[Path], object], message: str
) -> None:
    make(small / "train" / "cat" / "note.txt")
    with pytest.raises(InputError, match=message):
        load_cifar10(small)


def test_hidden_files_do_not_count(small: Path) -> None:
    digest = load_cifar10(small).digest()
    (small / "train" / ".ipynb_checkpoints").mkdir()
    (small / "train" / "cat" / ".DS_Store").write_bytes(b"")
    assert load_cifar10(small).digest() == digest


def test_a_name_with_a_line_break_stays_on_one_line(small: Path) -> None:
    name = os.fsdecode(b"two\nlines\xff.png")
    (small / "train" / "cat" / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"two\\nlines\\udcff\.png is no readable image"):
        load_cifar10(small)


def test_a_missing_class_is_named(tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    folder = write_tree(tmp_path / "tree", per_class=1)
    shutil.rmtree(folder / "test" / "ship")
    with pytest.raises(InputError, match="test lacks ship"):
        load_cifar10(folder)


def test_an_image_of_another_size_is_named(tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    folder = write_tree(tmp_path / "tree", per_class=1)
    Image.new("RGB", (31, 32)).save(folder / "train" / "frog" / "0.png")
    with pytest.raises(InputError, match=r"frog/0\.png is 31x32 pixels"):
        load_cifar10(folder)


def test_an_undecodable_image_is_named(tmp_path: Path, write_tree: Callable[..., Path]) -> None:
    folder = write_tree(tmp_path / "tree", per_class=1)
    (folder / "train" / "frog" / "0.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"frog/0\.png is no readable image"):
        load_cifar10(folder)


def test_damaged_torchvision_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"cut short")
    with pytest.raises(InputError, match="data_batch_1 is missing or damaged"):
        load_cifar10(tmp_path)


def test_reads_torchvisions_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canonical files can't be had everywhere: torchvision's reader is given small ones."""
    import hashlib
    import pickle

    import_torchvision()
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()

    def write(name: str, content: dict[str, object]) -> list[str]:
        (folder / name).write_bytes(pickle.dumps(content))
        return [name, hashlib.md5((folder / name).read_bytes()).hexdigest()]  # noqa: S324

    grey = torch.arange(3072).remainder(1024).remainder(256).to(torch.uint8).numpy()
    batch = {"data": grey[None], "labels": [7]}
    meta = write("batches.meta", {"label_names": list(CLASSES)})
    monkeypatch.setattr(CIFAR10, "train_list", [write("data_batch_1", batch)])
    monkeypatch.setattr(CIFAR10, "test_list", [write("test_batch", batch)])
    monkeypatch.setattr(
        CIFAR10, "meta", {"filename": meta[0], "key": "label_names", "md5": meta[1]}
    )
    data = load_cifar10(tmp_path)
    assert data.train.labels.tolist() == data.test.labels.tolist() == [7]
    assert data.train.pixels[0].tolist() == [i % 256 for i in range(1024)]
    assert "md5 checked" in data.source


def test_a_failing_download_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_torchvision()
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(InputError, match=r"can't be fetched.*put cifar-10-python\.tar\.gz"):
        load_cifar10(tmp_path / "nothing")


def test_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW1_DATA", raising=False)
    assert default_data_dir() == Path("data")
    monkeypatch.setenv("HW1_DATA", "/elsewhere")
    assert default_data_dir() == Path("/elsewhere")


@pytest.mark.images
def test_the_real_images_are_all_there(images: Path) -> None:
    data = load_cifar10(images)
    assert (len(data.train), len(data.test)) == (50_000, 10_000)
    assert torch.bincount(data.train.labels).tolist() == [5000] * 10
    assert torch.bincount(data.test.labels).tolist() == [1000] * 10
    assert 115 < float(data.train.pixels.double().mean()) < 127


@pytest.mark.images
def test_the_cache_is_read_in_a_moment(images: Path) -> None:
    """0.2 s on a machine of 2025; measured in processor time, as other tests may run beside it."""
    load_cifar10(images)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        load_cifar10(images)
        seconds.append(time.process_time() - start)
    assert sorted(seconds)[2] < 0.6
