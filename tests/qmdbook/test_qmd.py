from __future__ import annotations

from pathlib import Path

import pytest

from qmdbook.errors import BookError
from qmdbook.qmd import Cell, Chapter, Inline, parse_chapter


def parse(folder: Path, text: str) -> Chapter:
    path = folder / "chapter.qmd"
    path.write_bytes(text.encode())
    return parse_chapter(path)


def test_code_in_order_and_the_lines_around_it(tmp_path: Path) -> None:
    cell = "```{python}\n#| label: x\n#| echo: false\n\nx = 1\n```\n\n"
    shown = "````python\nshown, `{python} not_run`\n```{r}\n```\n````\n"
    text = "---\ntitle: T\n---\n\nText `{python} 1+1`.\n\n" + cell + shown
    chapter = parse(tmp_path, text)
    assert chapter.parts == (Inline("1+1", 5), Cell("x = 1", 7, {"label": "x", "echo": False}))
    assert chapter.front_matter == {"title": "T"}
    assert len(chapter.text.splitlines()) == len(text.splitlines())
    assert chapter.text.startswith("# T\n\n\n\nText `{value} 0`.\n\n``` {.cell")
    assert chapter.text.endswith(shown)
    assert chapter.ends == (3, 4, 6, 13, 18)


def test_windows_line_ends(tmp_path: Path) -> None:
    text = "# T\n\n```{python}\n#| echo: false\nx = 1\n```\n"
    assert parse(tmp_path, text.replace("\n", "\r\n")).parts == parse(tmp_path, text).parts


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "chapter.qmd").write_bytes(b"\xff")
    with pytest.raises(BookError, match=r"chapter\.qmd can't be read as UTF-8 text"):
        parse_chapter(tmp_path / "chapter.qmd")
