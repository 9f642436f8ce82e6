from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest

from qmdbook.errors import BookError
from qmdbook.execute import execute_chapters
from qmdbook.inputs import state_of
from qmdbook.project import Input, Project, load_project
from qmdbook.qmd import parse_chapter
from smallbook import write_book


def run(folder: Path, text: str, timeout: int = 60) -> list[str]:
    """The plain-text outputs of a chapter's code."""
    path = folder / "chapter.qmd"
    path.write_text(text)
    project = Project(folder, "T", (path,), inputs=(Input("data.*"),))
    found = execute_chapters(project, [parse_chapter(path)], timeout)["chapter"]
    outputs = [output for of_part in found.values() for output in of_part]
    return [o.get("text") or o["data"]["text/plain"] for o in outputs]


def test_cells_and_inline_expressions_run_in_order(tmp_path: Path) -> None:
    text = (
        "```{python}\nx = 1\n```\n\n`{python} x`\n\n```{python}\nx = 2\n```\n\n`{python} x + 1`\n"
    )
    assert run(tmp_path, text) == ["1", "3"]


def test_the_kernel_is_this_python_in_the_books_folder_and_leaves_home_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setenv("MPLCONFIGDIR", matplotlib.get_cachedir())  # which has its fonts
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    text = "`{python} __import__('sys').executable`\n`{python} __import__('os').getcwd()`\n"
    assert run(tmp_path, text) == [repr(sys.executable), repr(str(tmp_path))]
    left = {path.name for path in (tmp_path / "home").iterdir()}
    assert left <= {".cache", ".config"}  # matplotlib's fonts; nothing of Jupyter's


def test_the_message_ends_with_the_last_frames_only(tmp_path: Path) -> None:
    code = "def f(n):\n    return f(n - 1) if n else {}['key']\n\nf(30)"
    with pytest.raises(BookError) as caught:
        run(tmp_path, f"```{{python}}\n{code}\n```\n")
    first, *frames = str(caught.value).splitlines()
    assert first == "chapter.qmd:1: the cell `def f(n):` failed: KeyError: 'key'"
    assert [line.strip().partition(" ")[0] for line in frames] == ["Cell", "return"] * 2


def test_an_error_that_is_made_to_be_read_alone_is_shown_alone(tmp_path: Path) -> None:
    """IPython asks an exception how it wants to be shown."""
    code = (
        "class Wrong(Exception):\n    def _render_traceback_(self):\n        return [str(self)]\n\n"
        "raise Wrong('data.toml: x is missing.')"
    )
    with pytest.raises(BookError) as caught:
        run(tmp_path, f"```{{python}}\n{code}\n```\n")
    place = "chapter.qmd:1: the cell `class Wrong(Exception):` failed: "
    assert str(caught.value) == place + "data.toml: x is missing."


def test_code_runs_again_if_it_an_input_or_its_outputs_have_changed_and_not_else(
    tmp_path: Path,
) -> None:
    log, kept = tmp_path / "log", tmp_path / ".cache" / "executed" / "chapter.json"
    cell = f"```{{python}}\nopen({str(log)!r}, 'a').write('x')\n```\n"
    text = f"Text.\n\n{cell}\n{cell}"
    assert run(tmp_path, text) == ["1", "1"]
    assert run(tmp_path, f"Other text.\n\n{cell}\nMore.\n\n{cell}") == ["1", "1"]
    assert log.read_text() == "xx"
    (tmp_path / "data.toml").write_text("x = [1]\n")
    run(tmp_path, text)
    assert log.read_text() == "xxxx"
    run(tmp_path, text.replace("'x'", "'y'"))
    assert log.read_text() == "xxxxyy"
    for damaged in (kept.read_text().replace('"1"', '"2"'), "{"):
        kept.write_text(damaged)
        assert run(tmp_path, text.replace("'x'", "'y'")) == ["1", "1"]
    assert log.read_text() == "xxxxyyyyyy"


def test_only_the_changed_chapter_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_book(tmp_path, index="`{python} 1`\n", q1_one="`{python} 2`\n")
    paths = [folder / "index.qmd", folder / "q1_one.qmd"]
    project = load_project(folder)
    execute_chapters(project, [parse_chapter(path) for path in paths])
    capsys.readouterr()
    paths[1].write_text("`{python} 3`\n")
    execute_chapters(project, [parse_chapter(path) for path in paths])
    assert capsys.readouterr().out == "Running the code of q1_one.qmd\n"


def test_an_input_of_one_chapter_makes_that_one_run(tmp_path: Path) -> None:
    chapters = [tmp_path / "a.qmd", tmp_path / "b.qmd"]
    for path in chapters:
        path.write_text("`{python} 1`\n")
    project = Project(tmp_path, "T", tuple(chapters), inputs=(Input("data.*", ("b.qmd",)),))
    (tmp_path / "data.toml").write_text("x = 1\n")
    before = [state_of(project, path) for path in chapters]
    (tmp_path / "data.toml").write_text("x = 2\n")
    after = [state_of(project, path) for path in chapters]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False]
