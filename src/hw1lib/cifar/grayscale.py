"""Image files to grey pixels, on all cores.

Run as a program (`python -m hw1lib.cifar.grayscale`), it reads paths from standard input, separated by
zero bytes, and writes the pixels of one image after the other to standard output. It needs no
torch, so that it starts in a tenth of a second.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile

from PIL import Image

from hw1lib.errors import InputError, shown

SIDE = 32
PIXELS = SIDE * SIDE
FORMATS = ("PNG", "JPEG")
IMAGES_WORTH_A_PROCESS = 2000


def read_gray(path: str) -> bytes:
    """The 1024 grey pixels of the 32x32 image file `path`, row by row.

    The same values as `torchvision.transforms.Grayscale` gives for the image in RGB, which is
    Pillow's luma of ITU-R 601.

    Raises:
        InputError: the file is no PNG or JPEG that can be decoded, or of another size.
    """
    try:
        # Pillow warns of large images; here the size is checked before anything is decoded.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, "r", FORMATS) as image:
                size = image.size
                if size == (SIDE, SIDE):
                    return image.convert("RGB").convert("L").tobytes()
    except Image.DecompressionBombError as error:
        raise InputError(f"{shown(path)} is far larger than {SIDE}x{SIDE} pixels.") from error
    except Exception as error:  # Pillow lets through whatever its parsers run into
        raise InputError(f"{shown(path)} is no readable image: replace or remove it.") from error
    raise InputError(
        f"{shown(path)} is {size[0]}x{size[1]} pixels: CIFAR-10 images are {SIDE}x{SIDE}."
    )


def read_all_gray(paths: Sequence[str]) -> Iterator[bytes]:
    """`read_gray` of all `paths`, in order, by a process for each core if there are many.

    What a process does not deliver, because the image is bad or the process was killed, is read
    here: so errors are raised in the order of the paths, and no lost process loses an image.
    """
    count = min(_cores(), len(paths) // IMAGES_WORTH_A_PROCESS)
    if count < 2:
        yield from map(read_gray, paths)
        return
    with ExitStack() as stack:
        workers = []
        for i in range(count):
            workers.append(stack.enter_context(_worker(paths[i::count])))
            stack.callback(workers[i].kill)
        for i, path in enumerate(paths):
            output = workers[i % count].stdout
            pixels = output.read(PIXELS) if output else b""
            yield pixels if len(pixels) == PIXELS else read_gray(path)


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _worker(paths: Sequence[str]) -> subprocess.Popen[bytes]:
    """This module as a program at work on `paths`; a Ctrl-C at the terminal does not reach it."""
    with TemporaryFile() as names:
        names.write(b"\0".join(map(os.fsencode, paths)))
        names.seek(0)
        return subprocess.Popen(
            [sys.executable, "-m", "hw1lib.cifar.grayscale"],
            stdin=names,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )


def main() -> int:
    """Pixels of the images whose paths come in, up to the first bad one."""
    try:
        for path in sys.stdin.buffer.read().split(b"\0"):
            sys.stdout.buffer.write(read_gray(os.fsdecode(path)))
        sys.stdout.buffer.flush()
    except (InputError, BrokenPipeError):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
