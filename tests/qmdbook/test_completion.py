"""What runs before and after Quarto, on folders as Quarto leaves them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from qmdbook.completion import after, before
from smallbook import write_book

HOOK = Path(__file__).resolve().parents[2] / "src" / "qmdbook" / "hook.py"
PAGE = (
    '<script src="site_libs/quarto-html/quarto.js" type="module"></script>\n'
    '<script src="site_libs/quarto-html/tabsets/tabsets.js" type="module"></script>\n<p>Text'
)


def frozen(folder: Path) -> Path:
    """A chapter's frozen outputs."""
    path = folder / ".quarto" / "_freeze" / "q1_one" / "execute-results" / "html.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    short = {"index": "# P {.unnumbered}\n", "q2_two": "# 2\n", "q3_three": "# 3\n"}
    folder = write_book(tmp_path / "book", q1_one="# 1\n\n`{python} 1 + 1`\n", **short)
    (folder / "results").mkdir()
    (folder / "results" / "a.csv").write_text("1")
    (folder / "data.toml").write_text("x = 1")
    return folder


@pytest.mark.parametrize("change", ["data.toml", "results/a.csv", "results/new.csv", "_quarto.yml"])
def test_frozen_cells_go_if_and_only_if_an_input_has_changed(book: Path, change: str) -> None:
    before(book)
    kept = frozen(book)
    before(book)
    assert kept.exists()
    path = book / change
    path.write_text((path.read_text() if path.exists() else "") + "\n# changed\n")
    before(book)
    assert not kept.exists()
    assert not frozen(book).with_name("x").exists()
    before(book)
    assert kept.exists()


def test_a_render_without_pages_is_left_alone(book: Path) -> None:
    """As of `quarto render --to typst`: there is no site to complete."""
    before(book)
    (book / "_book").mkdir()
    (book / "_book" / "small.pdf").touch()
    after(book, book / "_book", ["_book/small.pdf"], True)
    assert [path.name for path in (book / "_book").iterdir()] == ["small.pdf"]


def test_pages_work_from_a_disk_have_notebooks_and_old_ones_are_named(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before(book)
    site = book / "_book"
    scripts = site / "site_libs" / "quarto-html"
    (scripts / "tabs").mkdir(parents=True)
    (scripts / "quarto.js").write_text('import * as tabs from "./tabs/tabs.js";\ntabs.init();')
    (scripts / "tabs" / "tabs.js").write_text("export function init() {\n  show();\n}\n")
    for name in ("index", "q1_one"):
        (site / f"{name}.html").write_text(PAGE)
    for _ in range(2):  # what is complete stays as it is
        after(book, site, ["_book/index.html", "_book/q1_one.html"], True)
        page = (site / "index.html").read_text()
        assert page == ('<script src="site_libs/quarto-html/quarto.js" defer></script>\n<p>Text')
        script = (scripts / "quarto.js").read_text()
        assert "tabs.init();" in script
        assert not re.search("import|export", script)
    notebook = nbformat.read(site / "notebooks" / "q1_one.ipynb", as_version=4)
    assert notebook.cells[-1].source == "# 1  1\n\n2".replace("  ", "\u2002")
    capsys.readouterr()
    (book / "data.toml").write_text("x = 2")
    before(book)
    after(book, site, ["_book/q1_one.html"], False)
    said = capsys.readouterr().out
    assert "change: index.html; `quarto render` renews" in said
    assert "The notebooks are as before" in said
    assert "Running the code" not in said


def test_a_release_that_names_its_script_otherwise_is_a_line_of_notice(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before(book)
    (book / "_book").mkdir()
    (book / "_book" / "index.html").write_text("<p>Text")
    after(book, book / "_book", ["_book/index.html"], True)
    assert "index.html: quarto.js is not where it was" in capsys.readouterr().out
    assert (book / "_book" / "index.html").read_text() == "<p>Text"


def test_what_only_quarto_knows_costs_the_notebooks_and_not_the_render(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (book / "q2_two.qmd").write_text("# 2\n\n```{r}\n1\n```\n")
    before(book)
    (book / "_book").mkdir()
    (book / "_book" / "index.html").write_text(PAGE)
    after(book, book / "_book", ["_book/index.html"], True)
    assert "The notebooks were not written: q2_two.qmd:3: " in capsys.readouterr().out


def test_a_python_without_the_packages_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", HOOK, "before"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{sys.executable} has no qmdbook: install the book's packages")
    assert done.stderr.count("\n") == 1
