"""Quarto: which one is taken, what is said of it, and the commands that users type."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from qmdbook.errors import BookError
from qmdbook.quarto import find_quarto
from qmdbook.render import render
from smallbook import write_book

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "src" / "qmdbook" / "hook.py"


def fake(folder: Path, script: str) -> str:
    """A program of the name `quarto`."""
    path = folder / "quarto"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("version", ["1.10.0", "1.10.18", "2.0.1"])
def test_new_enough_quarto_is_taken_from_path_or_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    program = fake(tmp_path, f"echo {version}")
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_quarto().version == version
    assert not find_quarto().problem
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("QUARTO_PATH", program)
    assert find_quarto().program == program


def test_quarto_beside_this_python_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `pip install quarto-cli` puts it, whatever PATH says."""
    program = fake(tmp_path, "echo 1.10.3")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    monkeypatch.setenv("PATH", "")
    assert find_quarto().program == program


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("echo 1.9.39", r"QUARTO_PATH names \S+/quarto, which is Quarto 1\.9\.39"),
        ("echo x", r"QUARTO_PATH names \S+/quarto, which gives no version"),
        ("exit 1", r"QUARTO_PATH names \S+/quarto, which gives no version"),
        (None, r"QUARTO_PATH names \S+/quarto, which can't be run"),
        ("folder", r"QUARTO_PATH names a folder, \S+/quarto, not a program"),
    ],
)
def test_what_was_seen_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str | None,
    seen: str,
) -> None:
    path = tmp_path / "quarto"
    if script == "folder":
        path.mkdir()
    elif script:
        fake(tmp_path, script)
    monkeypatch.setenv("QUARTO_PATH", str(path))
    folder = write_book(tmp_path / "book", index="{{< video x >}}\n")
    with pytest.raises(BookError, match=f"Quarto 1.10 or newer is needed \\({seen}\\): install it"):
        render(folder, tmp_path / "out", "quarto")
    with pytest.raises(BookError, match="shortcodes"):
        render(folder, tmp_path / "out", "auto")
    assert re.search(f"Building with pandoc, without Quarto \\({seen}\\)", capsys.readouterr().out)


def test_what_quarto_says_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = (
        '[ "$1" = --version ] && echo 1.10.18 && exit\n'
        'printf "\\033[1m[1/4] index.qmd\\033[22m\\n\\033[91mERROR: no theme\\033[39m\\n"; exit 1'
    )
    monkeypatch.setenv("QUARTO_PATH", fake(tmp_path, script))
    with pytest.raises(BookError, match=r"Quarto failed: ERROR: no theme$"):
        render(write_book(tmp_path), tmp_path / "out", "quarto")
    assert not (tmp_path / "out").exists()
    assert "\n[1/4] index.qmd\n" in capsys.readouterr().out


# With the real Quarto ----------------------------------------------------------------------------

Quarto = Callable[..., "subprocess.CompletedProcess[str]"]
ONE = """\
# One {#sec-one}

```{python}
value = open("data.txt").read().strip()
```

A value: `{python} value`, see @eq-two.
"""
INDEX = ONE.replace("# One {#sec-one}", "# Preface {.unnumbered}")
TWO = "# Two {#sec-two}\n\n$$ x $$ {#eq-two}\n\n```{python}\n1 + 1\n```\n"


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "QUARTO_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


@pytest.fixture(scope="session")
def quarto(environment: dict[str, str]) -> Quarto:
    """Runs `quarto` in a folder."""

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [find_quarto().program, *arguments]
        pipe = subprocess.PIPE
        return subprocess.run(
            command, cwd=folder, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True
        )

    return run


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book with this project's steps; two of its chapters show a value from a file."""
    folder = write_book(tmp_path / "book", index=INDEX, q1_one=ONE, q2_two=TWO, q3_three="# 3\n")
    (folder / "data.txt").write_text("first\n")
    config = (folder / "_quarto.yml").read_text()
    steps = "".join(
        f"  {w}-render: {HOOK} {n}\n" for w, n in (("pre", "before"), ("post", "after"))
    )
    config = config.replace("project:\n", f"project:\n{steps}  resources: [data.txt]\n")
    config += "filters: [qmdbook]\nexecute: {echo: false}\n"
    (folder / "_quarto.yml").write_text(config)
    shutil.copytree(ROOT / "_extensions", folder / "_extensions")
    return folder


def shown(folder: Path, name: str) -> str:
    """The value that a page shows."""
    page = (folder / "_book" / f"{name}.html").read_text()
    return re.findall(r"A value: (\w+)", page)[0]


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_a_plain_render_leaves_a_whole_site_and_fresh_numbers(book: Path, quarto: Quarto) -> None:
    """No warning and no dead link; later changes show everywhere."""
    done = quarto(book, "render")
    assert done.returncode == 0, done.stdout
    assert not re.search(r"WARN|not written", done.stdout.replace("WARNING |", ""))
    assert not list(book.glob("*.quarto_ipynb*"))
    notebook = nbformat.read(book / "_book" / "notebooks" / "q1_one.ipynb", as_version=4)
    assert "A value: first, see Equation\u00a02.1" in notebook.cells[-1].source
    assert "notebooks/q1_one.ipynb" in (book / "_book" / "q1_one.html").read_text()

    (book / "data.txt").write_text("second\n")  # one chapter alone: the other page is old, and said
    done = quarto(book, "render", "q1_one.qmd", "--to", "html")
    assert (shown(book, "q1_one"), shown(book, "index")) == ("second", "first")
    assert re.search(r"Still as before the last change: index\.html", done.stdout)
    done = quarto(book, "render", "--use-freezer", "--to", "html")
    assert (shown(book, "q1_one"), shown(book, "index")) == ("second", "second")
    assert "Still as before" not in done.stdout
    done = quarto(book, "render", "--use-freezer", "--to", "html")
    assert "Executing" not in done.stdout  # nothing has changed


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_a_pdf_alone(book: Path, quarto: Quarto) -> None:
    for arguments in (["--to", "typst"], ["q1_one.qmd", "--to", "typst"]):
        done = quarto(book, "render", *arguments)
        assert done.returncode == 0, done.stdout
        assert "Traceback" not in done.stdout
    assert (book / "_book" / "small.pdf").is_file()


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_a_preview_shows_new_numbers(
    book: Path, quarto: Quarto, environment: dict[str, str]
) -> None:
    """Frozen cells of an earlier render are not shown once an input has changed."""
    assert quarto(book, "render", "--to", "html").returncode == 0
    (book / "data.txt").write_text("second\n")
    log = book / "preview.log"
    command = [find_quarto().program, "preview", "--no-browser"]
    with log.open("w") as said:
        process = subprocess.Popen(
            command, cwd=book, env=environment, stdout=said, stderr=said, start_new_session=True
        )
    try:
        while not (address := re.search(r"Browse at .*?(http://[\w.:]+/)", log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.5)
        for name in ("index", "q1_one"):
            with urllib.request.urlopen(f"{address[1]}{name}.html") as answer:  # noqa: S310
                assert "A value: second" in answer.read().decode()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_an_error_that_is_made_to_be_read_alone(book: Path, quarto: Quarto) -> None:
    """The sentence, and neither traceback nor colours."""
    code = "from hw1lib.errors import InputError\nraise InputError('data.txt: no number.')"
    (book / "index.qmd").write_text(f"# P\n\n```{{python}}\n{code}\n```\n")
    done = quarto(book, "render", "index.qmd")
    assert done.returncode != 0
    last = done.stdout[done.stdout.index("An error occurred") :]
    assert "data.txt: no number." in last
    assert "Traceback" not in last
    assert len(last.splitlines()) < 15


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_a_chapter_that_quarto_converts_runs(root: Path, tmp_path: Path, quarto: Quarto) -> None:
    path = tmp_path / "q2_adam.ipynb"
    assert quarto(root, "convert", "q2_adam.qmd", "--output", str(path)).returncode == 0
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(root)}}
    NotebookClient(notebook, kernel_name="python3", resources=resources).execute()
