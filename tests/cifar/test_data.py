from __future__ import annotations

import gc
import resource
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from hw1lib.cifar.data import (
    CLASSES,
    Cifar10,
    hold_out,
    import_torchvision,
    load_cifar10,
    standardise,
    torchvision_cifar10,
)
from hw1lib.errors import InputError
from mirrors import (
    BATCHES,
    BODY,
    CONTENT,
    NAME,
    Behaviour,
    breaks_off,
    forbids,
    good,
    hangs_up,
    md5,
    mirror,
    sends_another_file,
    shows_a_page,
    use_small_cifar10,
)

DIGEST = "757aa3ba1da4dd22a733b615d7a55dcd6445acfec78e7daf3703b0d4f195bafb"
BY_HAND = rf"put {NAME} \(md5 {md5(BODY)}\) there by other means\.$"
IMPORTS = """
from hw1lib.cifar.data import import_torchvision
assert import_torchvision() is import_torchvision()
from torchvision.datasets import CIFAR10
from torchvision.transforms import Grayscale
"""


@pytest.fixture
def batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small folder in torchvision's layout."""
    use_small_cifar10(monkeypatch)
    (tmp_path / BATCHES).mkdir()
    for name, content in CONTENT.items():
        (tmp_path / BATCHES / name).write_bytes(content)
    return tmp_path


def assert_is_torchvisions(folder: Path) -> None:
    """All pixels and labels are torchvision's, each image through its `Grayscale`."""
    import_torchvision()
    from torchvision.transforms import Compose, Grayscale, PILToTensor

    data = load_cifar10(folder)
    for train, split in ((True, data.train), (False, data.test)):
        expected = torchvision_cifar10()(folder, train, Compose([Grayscale(), PILToTensor()]))
        assert split.labels.tolist() == expected.targets
        assert split.pixels.shape == (len(expected), 1024)
        assert tuple(expected.classes) == CLASSES
        for i in range(0, len(expected), max(1, len(expected) // 1000)):
            assert torch.equal(split.pixels[i], expected[i][0].flatten())


def test_torchvision_works_beside_a_torch_of_another_build() -> None:
    """In a process of its own: the import happens once."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_reads_torchvisions_files(batches: Path) -> None:
    assert_is_torchvisions(batches)
    assert load_cifar10(batches / BATCHES).digest() == load_cifar10(batches).digest()


@pytest.mark.images
def test_the_real_images_are_torchvisions(images: Path) -> None:
    assert_is_torchvisions(images)
    assert load_cifar10(images).digest() == DIGEST


@pytest.mark.parametrize("name", CONTENT)
def test_a_damaged_file_is_named_and_nothing_is_downloaded(
    batches: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mirror(good) as server:
        use_small_cifar10(monkeypatch, server.url)
        for damage in (lambda path: path.write_bytes(CONTENT[name][:-1]), Path.unlink, Path.mkdir):
            damage(batches / BATCHES / name)
            with pytest.raises(InputError, match=rf"{name} is missing or damaged \(md5\): delete"):
                load_cifar10(batches)
    assert server.requests == 0


def test_an_empty_folder_gets_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also into a folder that is not there, and over a damaged archive."""
    with mirror(good) as server:
        use_small_cifar10(monkeypatch, server.url)
        assert_is_torchvisions(tmp_path / "new" / "folder")
        assert f"Downloading CIFAR-10 into {tmp_path}/new" in capsys.readouterr().err
        (tmp_path / NAME).write_bytes(BODY[:1000])
        assert_is_torchvisions(tmp_path)


def test_an_archive_is_unpacked_without_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_small_cifar10(monkeypatch)
    (tmp_path / NAME).write_bytes(BODY)
    assert_is_torchvisions(tmp_path)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (shows_a_page, r"is not the whole archive \(wrong md5\): try again later"),
        (breaks_off, r"is not the whole archive \(wrong md5\): try again later"),
        (sends_another_file, r"is not the whole archive \(wrong md5\): try again later"),
        (forbids, r"can't be downloaded from .* \(HTTP Error 403: Forbidden\): try again later"),
        (hangs_up, r"can't be downloaded from .* \(Remote end closed connection .*\): try again"),
    ],
)
def test_what_goes_wrong_with_a_server_is_one_sentence_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Behaviour, message: str
) -> None:
    with mirror(fault) as server:
        use_small_cifar10(monkeypatch, server.url)
        with pytest.raises(InputError, match=f"{message}.*{BY_HAND}") as caught:
            load_cifar10(tmp_path)
        assert str(caught.value).isprintable()
        server.behaviour = good
        assert_is_torchvisions(tmp_path)
    del caught
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # sockets that urllib leaves open


@pytest.mark.parametrize(
    ("archive", "message"), [(None, "CIFAR-10 is not in "), (b"<html>", f"{NAME} is damaged and ")]
)
def test_without_network_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archive: bytes | None, message: str
) -> None:
    use_small_cifar10(monkeypatch)
    if archive:
        (tmp_path / NAME).write_bytes(archive)
    with pytest.raises(InputError, match=rf"{message}.*Connection refused.*{BY_HAND}"):
        load_cifar10(tmp_path)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with mirror(good) as server:
        use_small_cifar10(monkeypatch, server.url)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            with pytest.raises(InputError, match=r"can't be read or written .*: free some space"):
                load_cifar10(tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert_is_torchvisions(tmp_path)


def test_a_place_that_cant_hold_a_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_small_cifar10(monkeypatch)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"file.* can't be read or written \(Not a directory\)"):
        load_cifar10(tmp_path / "file/below")


def test_the_archive_that_the_readme_names_is_torchvisions(root: Path) -> None:
    assert torchvision_cifar10().tgz_md5 == "c58f30108f718f92721af3b95e74349a"
    assert torchvision_cifar10().tgz_md5 in (root / "README.md").read_text()


def test_standardised_by_the_training_set(tiny: Cifar10) -> None:
    train, test = standardise(tiny)
    assert float(train.pixels.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(train.pixels.double().std(correction=0)) == pytest.approx(1, abs=1e-6)
    pixels = tiny.train.pixels.double()
    wanted = (tiny.test.pixels.double() - pixels.mean()) / pixels.std(correction=0)
    assert torch.allclose(test.pixels.double(), wanted, atol=1e-5)


def test_as_many_images_of_each_class_are_held_out() -> None:
    labels = torch.arange(5_000) % 10
    kept, held = hold_out(labels, 500)
    assert labels[held].bincount().tolist() == [50] * 10
    assert sorted(kept.tolist() + held.tolist()) == list(range(5_000))
    assert torch.equal(held, hold_out(labels, 500)[1])
    assert not torch.equal(held, hold_out(labels, 500, seed=1)[1])
