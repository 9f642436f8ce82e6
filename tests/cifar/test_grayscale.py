from __future__ import annotations

import io
import subprocess
import sys
import zlib
from pathlib import Path

import psutil
import pytest
import torch
from PIL import Image

from hw1lib.cifar import grayscale
from hw1lib.cifar.grayscale import read_all_gray, read_gray
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.errors import InputError


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [("png", mode) for mode in ("RGB", "L", "P", "RGBA", "LA", "1", "I;16")]
    + [("jpg", mode) for mode in ("RGB", "L", "CMYK", "YCbCr")],
)
def test_grey_is_torchvisions(tmp_path: Path, suffix: str, mode: str) -> None:
    """Whatever kind of image it is: `Grayscale` of what torchvision's loader makes of it."""
    import_torchvision()
    from torchvision.datasets.folder import pil_loader
    from torchvision.transforms import Grayscale

    noise = torch.randint(0, 256, (32, 32, 3), generator=torch.Generator().manual_seed(2))
    image = Image.fromarray(noise.to(torch.uint8).numpy())
    path = tmp_path / f"image.{suffix}"
    image.convert("I" if mode == "I;16" else mode).convert(mode).save(path)
    assert read_gray(str(path)) == Grayscale()(pil_loader(str(path))).tobytes()


def test_a_large_image_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """The header alone promises 4, 10,000 and 3,600,000,000 pixels; nothing follows."""
    for side, message in ((2, "2x2"), (100, "100x100"), (60_000, "far larger than 32x32")):
        out = io.BytesIO()
        Image.new("L", (2, 2)).save(out, "png")
        png = bytearray(out.getvalue())
        png[16:24] = side.to_bytes(4, "big") * 2
        png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
        (tmp_path / "large.png").write_bytes(png)
        with pytest.raises(InputError, match=rf"large\.png is {message} pixels"):
            read_gray(str(tmp_path / "large.png"))


def test_other_formats_are_refused(tmp_path: Path) -> None:
    """Pillow would run Ghostscript on PostScript, whatever the suffix."""
    for kind in ("bmp", "gif", "eps", "tiff"):
        path = tmp_path / f"{kind}.png"
        Image.new("L", (32, 32)).save(path, kind)
        with pytest.raises(InputError, match="is no readable image"):
            read_gray(str(path))


@pytest.fixture
def paths(tree: Path) -> list[str]:
    return [str(path) for path in sorted((tree / "train").rglob("*.png"))] * 20


@pytest.fixture
def _two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grayscale, "IMAGES_WORTH_A_PROCESS", 100)
    monkeypatch.setattr(grayscale, "_cores", lambda: 2)


def children() -> list[psutil.Process]:
    """The processes that read images; Python may have one of its own, which other tests began."""
    return [p for p in psutil.Process().children() if "hw1lib.cifar.grayscale" in p.cmdline()]


@pytest.mark.usefixtures("_two_processes")
def test_processes_give_the_same_in_the_same_order(paths: list[str]) -> None:
    images = read_all_gray(paths)
    first = next(images)
    assert len(children()) == 2
    assert [first, *images] == list(map(read_gray, paths))
    assert children() == []


@pytest.mark.usefixtures("_two_processes")
def test_a_killed_process_loses_no_image(paths: list[str]) -> None:
    images = read_all_gray(paths)
    first = next(images)
    children()[1].kill()
    assert [first, *images] == list(map(read_gray, paths))


@pytest.mark.usefixtures("_two_processes")
def test_the_first_bad_image_is_named(paths: list[str], tmp_path: Path) -> None:
    for i in (501, 502, 700):
        paths[i] = str(tmp_path / f"{i}.png")
        Path(paths[i]).write_bytes(b"no image")
    with pytest.raises(InputError, match=r"501\.png is no readable image"):
        list(read_all_gray(paths))
    assert children() == []


@pytest.mark.usefixtures("_two_processes")
def test_who_stops_early_leaves_no_process(paths: list[str]) -> None:
    images = read_all_gray(paths)
    next(images)
    images.close()  # type: ignore[attr-defined]
    assert children() == []


def test_the_processes_need_no_torch() -> None:
    """They would take seconds to start."""
    code = "import sys, hw1lib.cifar.grayscale; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
