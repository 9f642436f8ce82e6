from __future__ import annotations

import os
import time
from pathlib import Path

from qmdbook.memory import DAYS, Memory


def test_a_result_is_made_once_for_the_same_inputs(tmp_path: Path) -> None:
    memory, made = Memory(tmp_path), []

    def make() -> bytes:
        made.append(1)
        return b"result %d" % len(made)

    assert memory.recall(make, b"a", b"b") == memory.recall(make, b"a", b"b") == b"result 1"
    assert memory.recall(make, b"ab", b"") == b"result 2"
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(b"result", b"damage"))
    assert memory.recall(make, b"a", b"b") == b"result 3"
    assert Memory().recall(make, b"a", b"b") == b"result 4"


def test_what_is_not_used_any_more_is_removed(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.recall(lambda: b"old", b"a")
    memory.recall(lambda: b"new", b"b")
    (old,) = [path for path in tmp_path.iterdir() if path.read_bytes().endswith(b"old")]
    os.utime(old, (0, time.time() - (DAYS + 1) * 24 * 3600))
    memory.forget()
    assert [path.read_bytes()[-3:] for path in tmp_path.iterdir()] == [b"new"]


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Memory(tmp_path / "file").recall(lambda: b"x", b"a") == b"x"
