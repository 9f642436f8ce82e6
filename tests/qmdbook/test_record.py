"""A book is built again if anything changes that it is made from, and not else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qmdbook.inputs import state_of_book
from qmdbook.project import load_project
from qmdbook.record import MARKER, is_current
from qmdbook.render import render
from smallbook import DRAWING, QUARTO, write_book

INDEX = "# Preface {.unnumbered}\n\nSee [a file](notes.txt), [@someone1999] and é.\n"
SHORT = "# One {#sec-one}\n\n![](drawings/dot.svg){fig-alt='A dot.'}\n\n`{python} 6 * 7`\n"
CONFIG = QUARTO.replace("type: book", "type: book\n  resources: [main.js, '*.css']")
FILES = {
    "_quarto.yml": CONFIG,
    "notes.txt": "notes",
    "data.toml": "x = 1\n",
    "page.css": "body { color: blue }\n",
    "main.js": 'import { a } from "./more.js";\na();\n',
    "more.js": "export function a() {\n  return 1;\n}\n",
}
# Files of the book, and what they hold after a change.
CHANGES = {
    "index.qmd": INDEX + "More.\n",
    "q2_two.qmd": "# Zwei\n",
    "_quarto.yml": CONFIG.replace("Nobody", "Somebody"),
    "references.bib": "@article{someone1999, author = {Other}, year = {1999}}\n",
    "notes.txt": "other notes",
    "drawings/dot.svg": DRAWING.replace("circle", "rect"),
    "data.toml": "x = 2\n",
    "results/new.csv": "1\n",
    "page.css": "body { color: red }\n",
    "main.js": 'import { a } from "./more.js";\na(1);\n',
    "more.js": "export function a() {\n  return 2;\n}\n",
}


def current(folder: Path) -> bool:
    return is_current(folder / "_book", state_of_book(load_project(folder)), folder)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book with each kind of file, built."""
    texts = {"index": INDEX, "q1_one": SHORT, "q2_two": "# Two\n", "q3_three": "# Three\n"}
    folder = write_book(tmp_path_factory.mktemp("kept") / "book", **texts)
    (folder / "results").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    render(folder, folder / "_book", "pandoc")
    return folder


def test_nothing_is_done_if_nothing_has_changed(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marker, page = kept / "_book" / MARKER, kept / "_book" / "index.html"
    before, changed = marker.stat().st_mtime, page.stat()
    render(kept, kept / "_book", "pandoc")
    assert "Nothing has changed" in capsys.readouterr().out
    assert (page.stat().st_ino, page.stat().st_mtime) == (changed.st_ino, changed.st_mtime)
    assert marker.stat().st_mtime > before  # so that make is content


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_of_what_a_book_is_made_from_is_seen(kept: Path, name: str) -> None:
    path, new = kept / name, CHANGES[name]
    old = path.read_bytes() if path.exists() else None
    assert current(kept)
    path.write_text(new)
    assert not current(kept)
    if old is None:
        path.unlink()
    else:
        path.write_bytes(old)
    assert current(kept)


@pytest.mark.parametrize("name", ["index.html", "small.pdf", "notes.txt", "assets/search.js"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_book_that_is_not_as_it_was_built_is_built_again(
    kept: Path, name: str, is_there: bool
) -> None:
    path = kept / "_book" / name
    whole = path.read_bytes()
    path.unlink()
    if is_there:
        path.write_bytes(whole[:-1])
    assert not current(kept)
    path.write_bytes(whole)
    assert current(kept)


def test_the_builder_is_part_of_what_a_book_is_made_from(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qmdbook import inputs

    shutil.copytree(inputs.HERE, tmp_path / "other", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(inputs, "HERE", tmp_path / "other")
    assert current(kept)
    page = tmp_path / "other" / "templates" / "page.html"
    page.write_text(page.read_text() + " ")
    assert not current(kept)


def test_changes_reach_the_page_the_pdf_and_the_notebook_and_nothing_else(
    kept: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "book"
    shutil.copytree(kept, folder)
    render(folder, folder / "_book", "pandoc")
    before = {path: path.read_bytes() for path in (folder / "_book").rglob("*.*") if path.is_file()}
    (folder / "q1_one.qmd").write_text(SHORT.replace("6", "7") + "\nA *new* sentence.\n")
    render(folder, folder / "_book", "pandoc")
    changed = {path.name for path, content in before.items() if path.read_bytes() != content}
    assert changed == {"q1_one.html", "small.pdf", "q1_one.ipynb", "search-index.js", MARKER}
    assert "49" in (folder / "_book" / "q1_one.html").read_text()


def test_the_builder_imports_neither_torch_nor_matplotlib(kept: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from qmdbook.render import render\n"
        "render(Path('.'), Path('other').absolute(), 'pandoc')\n"
        "print({'torch', 'matplotlib', 'numpy', 'nbclient'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=kept, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
