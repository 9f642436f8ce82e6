from __future__ import annotations

from pathlib import Path

import pytest

from hw1lib import project
from hw1lib.errors import InputError
from hw1lib.project import MARKERS, project_root


def test_the_nearest_book_at_or_above_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "book" / "notebooks"
    inside.mkdir(parents=True)
    for marker in MARKERS:
        (tmp_path / "book" / marker).touch()
    (inside / MARKERS[0]).touch()  # one of them is not enough
    monkeypatch.chdir(inside)
    assert project_root() == tmp_path / "book"


def test_elsewhere_it_is_the_checkout_installed_from(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert project_root() == root


def test_without_a_checkout_the_cure_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "__file__", str(tmp_path / "lib" / "hw1lib" / "project.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="change to a checkout of hw1, or install hw1lib"):
        project_root()
