"""Where the book's own files and the images are."""

from __future__ import annotations

import os
from pathlib import Path

from hw1lib.errors import InputError

NETWORK = "network.toml"
MARKERS = ("_quarto.yml", NETWORK)


def project_root() -> Path:
    """The book's folder: the current one, the nearest above it, or the one installed from.

    Chapters run in the book's folder and notebooks may run anywhere, so that a notebook which was
    downloaded still finds the network file and the results where `hw1lib` is installed from a
    checkout.

    Raises:
        InputError: there is no such folder.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if all((folder / marker).is_file() for marker in MARKERS):
            return folder
    raise InputError(
        f"No book at or above {here}: change to a checkout of hw1, or install hw1lib from one "
        "with `pip install -e`."
    )


def default_data_dir() -> Path:
    """The folder of the images: the one that the environment variable HW1_DATA names, or `data`."""
    return Path(os.environ.get("HW1_DATA") or "data")
