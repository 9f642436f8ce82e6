"""Builds that fail, are stopped or meet each other: the last good book stays whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hw1lib.cli import main
from qmdbook.staging import staging

WriteTwo = Callable[[Path, str], Path]
GOOD = "6 * 7"
# A cell that says which process it is, and waits until it may go on.
WAITING = """\
import os, pathlib, time
pathlib.Path("pid.part").write_text(str(os.getpid()))
os.rename("pid.part", "pid")
while not pathlib.Path("go").exists():
    time.sleep(0.05)
"""


def old_book(folder: Path, marker: str = ".qmdbook") -> dict[str, bytes]:
    """Puts an old book there; gives its files."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / marker).touch()
    (folder / "index.html").write_text("old page")
    (folder / "notebooks" / "one.ipynb").write_text("old notebook")
    return files(folder)


def files(folder: Path) -> dict[str, bytes]:
    """The content of every file in a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def strays(folder: Path) -> list[str]:
    """What builds left beside the book, but for the empty file that locks it."""
    left = (path.name for path in folder.iterdir() if ".qmdbook-" in path.name)
    return [name for name in left if not name.endswith("lock")]


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Until something is so, or the test fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def kernel(folder: Path) -> int:
    """The process id of a kernel that has come to the cell `WAITING`."""
    wait_for((folder / "pid").exists)
    return int((folder / "pid").read_text())


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


CELL = "hw1: q1_one.qmd:5: the cell `{}` "
BAD_CELLS = {
    "1 / 0": "failed: ZeroDivisionError: division by zero\n  Cell In[2], line 1\n    1 / 0\n",
    "x = = 1": "failed: SyntaxError: invalid syntax",
    "raise SystemExit(3)": "failed: SystemExit: 3",
    "input()": "failed: StdinNotImplementedError",
    "raise ValueError('many\\n' * 90)": "failed: ValueError: many many",
    "import os; os._exit(0)": "killed its kernel.\n",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "killed its kernel.\n",
    "import ctypes; ctypes.string_at(0)": "killed its kernel.\n",
    "while True: pass": "ran longer than 3 s; allow more with --cell-timeout.\n",
    "import time; time.sleep(99)": "ran longer than 3 s; allow more with --cell-timeout.\n",
}

QUICK = ("1 / 0", "x = = 1", "import os; os._exit(0)", "while True: pass")


@pytest.mark.parametrize(
    "code",
    [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in BAD_CELLS],
)
def test_a_bad_cell(
    write_two: WriteTwo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    code: str,
) -> None:
    """The message names chapter, line and cell, and has no more of the kernel than a few lines."""
    folder = write_two(tmp_path, code)
    old = old_book(folder / "_book")
    monkeypatch.chdir(folder)
    assert main(["render", "--engine", "pandoc", "--cell-timeout", "3"]) == 2
    err = capfd.readouterr().err
    assert err.startswith(CELL.format(code) + BAD_CELLS[code])
    assert err.count("\n") <= 5
    assert len(err) < 1000
    assert files(folder / "_book") == old
    assert not strays(folder)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("index.qmd", "# P\n\nSee @fig-none.\n", "index.qmd:3: the reference @fig-none leads"),
        ("index.qmd", "# P\n\n![A](no.svg){fig-alt='a'}\n", "index.qmd:3: the image no.svg is not"),
        ("index.qmd", "# P\n\n```{python}\n1\n", "index.qmd:3: this fence is never closed."),
        ("index.qmd", b"# P\xff\n", "index.qmd can't be read as UTF-8 text"),
        (
            "_quarto.yml",
            "book: [",
            "must be YAML in UTF-8 with book: title",
        ),
        ("_quarto.yml", "book: {title: T, chapters: [no.qmd]}", "no.qmd, a chapter named in"),
        ("_quarto.yml", b"book: {title: \xff, chapters: [index.qmd]}", "must be YAML"),
        ("_quarto.yml", "book: {title: T, chapters: 3}", "must be YAML"),
        ("_quarto.yml", "[book, {title: T}]", "must be YAML"),
        ("_quarto.yml", "project: P\nbook: {title: T, chapters: [index.qmd]}", "must be YAML"),
        (
            "_quarto.yml",
            "book: {title: T, chapters: [index.qmd], output-file: ../x}",
            "file name",
        ),
        ("index.qmd", "---\n5\n---\n", "index.qmd:1: the front matter must be"),
        ("index.qmd", "---\n5: 6\n---\n", "index.qmd:1: front matter '5' is not known"),
        ("index.qmd", "---\ntitle: 2001-99-99\n---\n", "index.qmd:1: the front matter is no YAML"),
        ("index.qmd", "```{python}\n#| label: 2001-99-99\n```\n", "index.qmd:1: the cell's #| opt"),
    ],
)
def test_a_bad_file(
    write_two: WriteTwo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    file: str,
    text: str | bytes,
    message: str,
) -> None:
    folder = write_two(tmp_path, "")
    (folder / file).write_bytes(text.encode() if isinstance(text, str) else text)
    old = old_book(folder / "_book")
    monkeypatch.chdir(folder)
    assert main(["render", "--engine", "pandoc"]) == 2
    err = capfd.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert files(folder / "_book") == old
    assert not strays(folder)


@pytest.mark.parametrize(
    "whole_group",
    [pytest.param(True, id="terminal"), pytest.param(False, id="process", marks=pytest.mark.slow)],
)
def test_ctrl_c(
    write_two: WriteTwo, start: Callable[..., subprocess.Popen[str]], tmp_path: Path,
    whole_group: bool,
) -> None:  # fmt: skip
    """As a terminal sends it, to the whole group of processes, and to the one process alone."""
    folder = write_two(tmp_path, WAITING)
    output = folder / "out"
    old = old_book(output, ".qmdbook")
    build = start(folder, "render", "--output-dir", "out", QUARTO_PATH="none")
    pid = kernel(folder)
    (os.killpg if whole_group else os.kill)(build.pid, signal.SIGINT)
    _, err = build.communicate(timeout=120)
    assert (build.returncode, err.count("\n")) == (130, 1)
    assert err.startswith("hw1: interrupted")
    assert files(output) == old
    assert not strays(folder)
    assert is_gone(pid)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_build_leaves_the_old_book_and_is_cleared_up(
    write_two: WriteTwo,
    start: Callable[..., subprocess.Popen[str]],
    hw1: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    folder = write_two(tmp_path, WAITING)
    old = old_book(folder / "_book")
    build = start(folder, "render", "--engine", "pandoc")
    pid = kernel(folder)
    build.send_signal(number)
    build.wait(60)
    assert build.returncode == -number
    assert files(folder / "_book") == old
    wait_for(lambda: is_gone(pid))
    (folder / "go").touch()
    again = hw1(folder, "render", "--engine", "pandoc")
    assert again.returncode == 0, again.stderr
    assert not strays(folder)
    assert (folder / "_book" / "q1_one.html").is_file()


def test_builds_of_one_folder_wait_for_each_other(
    write_two: WriteTwo, start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """Two books into the same folder: each is whole, and none has pages of the other."""
    slow, quick = (tmp_path / name for name in ("slow", "quick"))
    for folder, code in ((slow, WAITING), (quick, GOOD)):
        write_two(folder, code)
        for chapter in ("index.qmd", "q1_one.qmd"):
            text = (folder / chapter).read_text() + f"\nIn the {folder.name} book.\n"
            (folder / chapter).write_text(text)
    target = tmp_path / "out"
    arguments = ("render", "--engine", "pandoc", "--output-dir", str(target))
    first = start(slow, *arguments)
    kernel(slow)
    second = start(quick, *arguments)
    assert second.stdout is not None
    while f"Waiting for another build of {target}" not in second.stdout.readline():
        assert second.poll() is None
    assert not target.exists()
    (slow / "go").touch()
    for build in (first, second):
        _, err = build.communicate(timeout=120)
        assert build.returncode == 0, err
    assert all("quick book" in (target / f"{n}.html").read_text() for n in ("index", "q1_one"))
    assert not strays(tmp_path)


SWAPPING = """\
import sys
from itertools import count
from pathlib import Path
from qmdbook.staging import staging
for i in count():
    with staging(Path(sys.argv[1]), ".mark") as stage:
        (stage / "one").write_text(str(i))
        (stage / "two").write_text(str(i))
    if i == 0:
        print("swapped", flush=True)
"""


@pytest.mark.slow
def test_kill_9_at_any_moment(tmp_path: Path) -> None:
    """Builds that do nothing but swap, killed: the folder is whole, at once or once put back."""
    rng = random.Random(7)
    target = tmp_path / "[out]*"
    for _ in range(15):
        command = [sys.executable, "-c", SWAPPING, str(target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"swapped\n"
            time.sleep(rng.uniform(0, 0.05))
            process.kill()
        whole = target if target.exists() else target.with_name(f".{target.name}.qmdbook-old")
        assert set(files(whole)) == {".mark", "one", "two"}
        assert (whole / "one").read_text() == (whole / "two").read_text()


def test_an_old_folder_that_a_kill_left_aside_comes_back(tmp_path: Path) -> None:
    """Between two renames it has another name; a build that fails puts it back, too."""
    target, aside = tmp_path / "out", tmp_path / ".out.qmdbook-old"
    old_book(aside)
    other = tmp_path / ".out.old"
    other.mkdir()
    with pytest.raises(ZeroDivisionError), staging(target, ".qmdbook"):
        raise ZeroDivisionError
    assert (target / "index.html").read_text() == "old page"
    assert {path.name for path in tmp_path.iterdir()} == {"out", ".out.old", ".out.qmdbook-lock"}


@pytest.mark.slow
@pytest.mark.parametrize("size", ["4k", "40k", "200k"])
def test_a_full_disk(
    write_two: WriteTwo,
    hw1: Callable[..., subprocess.CompletedProcess[str]],
    mount: Callable[..., Path],
    tmp_path: Path,
    size: str,
) -> None:
    """Full before, while and after the chapters run, at pages, fonts or the PDF."""
    folder = write_two(tmp_path / "book", GOOD)
    disk = mount("disk", "-t", "tmpfs", "-o", f"size={size},nr_inodes=100", "tmpfs")
    target = disk / "out"
    target.mkdir()
    (target / ".qmdbook").touch()
    (target / "index.html").write_text("old")
    old = files(target)
    done = hw1(folder, "render", "--engine", "pandoc", "--output-dir", str(target))
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") <= 5
    assert files(target) == old
    assert not strays(disk)
    assert subprocess.run(["mount", "-o", "remount,size=50m", str(disk)]).returncode == 0
    done = hw1(folder, "render", "--engine", "pandoc", "--output-dir", str(target))
    assert done.returncode == 0, done.stderr
    assert (target / "small.pdf").is_file()


@pytest.mark.slow
def test_a_checkout_that_is_read_only(
    write_two: WriteTwo,
    hw1: Callable[..., subprocess.CompletedProcess[str]],
    mount: Callable[..., Path],
    tmp_path: Path,
) -> None:
    folder = write_two(tmp_path / "book", GOOD)
    seen = mount("seen", "--bind", str(folder))
    assert subprocess.run(["mount", "-o", "remount,ro,bind", str(seen)]).returncode == 0
    target = tmp_path / "out"
    done = hw1(seen, "render", "--engine", "pandoc", "--output-dir", str(target))
    assert done.returncode == 0, done.stderr
    assert {"index.html", "small.pdf", "notebooks/q1_one.ipynb"} <= set(files(target))
    done = hw1(seen, "render", "--engine", "pandoc")
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert done.stderr.count("\n") == 1
