"""Builds that fail, are stopped or meet each other: the last good book stays whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hw1lib.cli import main
from qmdbook.staging import staging
from smallbook import write_two

BUILD = ("render", "--engine", "pandoc")
# A cell that says which process it is, and waits until it may go on.
WAITING = """\
import os, pathlib, time
pathlib.Path("pid.part").write_text(str(os.getpid()))
os.rename("pid.part", "pid")
while not pathlib.Path("go").exists():
    time.sleep(0.05)
"""
Hw1 = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Mount = Callable[..., Path]
Refusal = Callable[[Path], str]


def old_book(folder: Path) -> dict[str, bytes]:
    """Puts an old book there; gives its files."""
    folder.mkdir(parents=True)
    (folder / ".qmdbook").touch()
    (folder / "index.html").write_text("old page")
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


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Refusal:
    """What the command says of a book that it can't build; the old one is as it was."""

    def build(folder: Path) -> str:
        monkeypatch.chdir(folder)
        old = old_book(folder / "_book")
        assert main([*BUILD, "--cell-timeout", "3"]) == 2
        assert files(folder / "_book") == old
        assert not strays(folder)
        return capfd.readouterr().err

    return build


TOO_LONG = "ran longer than 3 s; allow more with --cell-timeout.\n"
CELLS = {
    "1 / 0": "failed: ZeroDivisionError: division by zero\n  Cell In[2], line 1\n    1 / 0\n",
    "import os; os._exit(0)": "killed its kernel.\n",
    "while True: pass": TOO_LONG,
}
SLOW_CELLS = {
    "x = = 1": "failed: SyntaxError: invalid syntax",
    "raise SystemExit(3)": "failed: SystemExit: 3",
    "input()": "failed: StdinNotImplementedError",
    "raise ValueError('many\\n' * 90)": "failed: ValueError: many many",
    "import ctypes; ctypes.string_at(0)": "killed its kernel.\n",
    "import time; time.sleep(99)": TOO_LONG,
}


@pytest.mark.parametrize(
    ("code", "message"),
    [*CELLS.items(), *(pytest.param(*cell, marks=pytest.mark.slow) for cell in SLOW_CELLS.items())],
)
def test_a_bad_cell(refusal: Refusal, tmp_path: Path, code: str, message: str) -> None:
    """The message names chapter, line and cell, and has no more of the kernel than a few lines."""
    said = refusal(write_two(tmp_path, code))
    assert said.startswith(f"hw1: q1_one.qmd:5: the cell `{code}` {message}")
    assert said.count("\n") <= 5
    assert len(said) < 1000


FIGURE = """# {#sec-one}

```{python}
import matplotlib.pyplot as plt
plt.subplots()[0]
```
"""
DOT = "![A](drawings/dot.svg)"
MALFORMED = "_quarto.yml must be YAML in UTF-8 with book: title"
CONFIG = "book: {title: T, chapters: [index.qmd]"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("index.qmd", "See @fig-none.\n", "index.qmd:1: the reference @fig-none leads"),
        ("index.qmd", "# P\n\n[@noone1999]\n", "index.qmd:3: the reference @noone1999 leads"),
        ("index.qmd", "$$ x $$ {#eq-x}\n\n$$ y $$ {#eq-x}\n",
         "index.qmd:3: the label eq-x stands twice"),
        ("q1_one.qmd", FIGURE,
         "q1_one.qmd:3: this cell's figure has no alt text"),
        ("index.qmd", "# P\n\n![A](no.svg){fig-alt='a'}\n", "index.qmd:3: the image no.svg is not"),
        ("index.qmd", DOT, "index.qmd:1: the image drawings/dot.svg has no alt text"),
        ("index.qmd", b"# P\xff\n", "index.qmd can't be read as UTF-8 text"),
        ("_quarto.yml", "book: [", MALFORMED),
        ("_quarto.yml", CONFIG.encode().replace(b"T", b"\xff") + b"}", MALFORMED),
        ("_quarto.yml", CONFIG.replace("[index.qmd]", "3") + "}", MALFORMED),
        ("_quarto.yml", "[book, {title: T}]", MALFORMED),
        ("_quarto.yml", f"project: P\n{CONFIG}}}", MALFORMED),
        ("_quarto.yml", CONFIG.replace("index", "no") + "}", "no.qmd, a chapter named in"),
        ("_quarto.yml", f"{CONFIG}, output-file: ../x}}", "output-file must be a file name"),
        ("_quarto.yml", f"{CONFIG}}}\nqmdbook: {{notebooks: [x.qmd]}}", "x is not a chapter"),
    ],
)  # fmt: skip
def test_a_bad_file(
    refusal: Refusal, tmp_path: Path, file: str, text: str | bytes, message: str
) -> None:
    write_two(tmp_path, "")
    (tmp_path / file).write_bytes(text.encode() if isinstance(text, str) else text)
    said = refusal(tmp_path)
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("number", "send"),
    [
        pytest.param(signal.SIGINT, os.killpg, id="Ctrl-C in a terminal"),
        pytest.param(signal.SIGINT, os.kill, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, os.kill, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, os.kill, marks=pytest.mark.slow),
    ],
)
def test_a_build_that_is_stopped(
    start: Start, hw1: Hw1, tmp_path: Path, number: signal.Signals,
    send: Callable[[int, int], None],
) -> None:  # fmt: skip
    """The old book stays, no kernel does; after a kill, the next build clears up."""
    folder = write_two(tmp_path, WAITING)
    old = old_book(folder / "_book")
    build = start(folder, *BUILD)
    wait_for((folder / "pid").exists)
    pid = int((folder / "pid").read_text())
    send(build.pid, number)
    _, err = build.communicate(timeout=120)
    assert files(folder / "_book") == old
    wait_for(lambda: is_gone(pid))
    if number == signal.SIGINT:
        assert (build.returncode, err.count("\n")) == (130, 1)
        assert err.startswith("hw1: interrupted")
    else:
        assert build.returncode == -number
        (folder / "go").touch()
        again = hw1(folder, *BUILD)
        assert again.returncode == 0, again.stderr
        assert (folder / "_book" / "q1_one.html").is_file()
    assert not strays(folder)


def test_builds_of_one_folder_wait_for_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The later one's files are there alone, although it had nothing to do."""
    target, said = tmp_path / "out", ""

    def build(name: str) -> None:
        with staging(target, ".mark") as stage:
            (stage / name).touch()

    with staging(target, ".mark") as stage:
        other = threading.Thread(target=build, args=("later",))
        other.start()
        while f"Waiting for another build of {target}" not in said:
            said += capsys.readouterr().out
        (stage / "first").touch()
        assert not target.exists()
    other.join()
    assert set(files(target)) == {".mark", "later"}
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
    old_book(tmp_path / ".out.qmdbook-old")
    (tmp_path / ".out.old").mkdir()
    with pytest.raises(ZeroDivisionError), staging(tmp_path / "out", ".qmdbook"):
        raise ZeroDivisionError
    assert (tmp_path / "out" / "index.html").read_text() == "old page"
    assert {path.name for path in tmp_path.iterdir()} == {"out", ".out.old", ".out.qmdbook-lock"}


@pytest.mark.slow
@pytest.mark.parametrize("size", ["4k", "40k", "200k"])
def test_a_full_disk(hw1: Hw1, mount: Mount, tmp_path: Path, size: str) -> None:
    """Full before, while and after the chapters run, at pages, fonts or the PDF."""
    folder = write_two(tmp_path / "book", "6 * 7")
    disk = mount("disk", "-t", "tmpfs", "-o", f"size={size},nr_inodes=100", "tmpfs")
    old = old_book(disk / "out")
    arguments = (*BUILD, "--output-dir", str(disk / "out"))
    done = hw1(folder, *arguments)
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") <= 5
    assert files(disk / "out") == old
    assert not strays(disk)
    assert subprocess.run(["mount", "-o", "remount,size=50m", str(disk)]).returncode == 0
    done = hw1(folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert (disk / "out" / "small.pdf").is_file()


@pytest.mark.slow
def test_a_checkout_that_is_read_only(hw1: Hw1, mount: Mount, tmp_path: Path) -> None:
    seen = mount("seen", "--bind", str(write_two(tmp_path / "book", "6 * 7")))
    assert subprocess.run(["mount", "-o", "remount,ro,bind", str(seen)]).returncode == 0
    done = hw1(seen, *BUILD, "--output-dir", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    wanted = {"index.html", "small.pdf", "notebooks/q1_one.ipynb"}
    assert wanted <= set(files(tmp_path / "out"))
    done = hw1(seen, *BUILD)
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert done.stderr.count("\n") == 1
