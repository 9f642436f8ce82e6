from __future__ import annotations

from pathlib import Path

import pytest

from qmdbook.errors import BookError
from qmdbook.qmd import Cell, Chapter, Prose, parse_chapter


def parse(folder: Path, text: str) -> Chapter:
    path = folder / "chapter.qmd"
    path.write_bytes(text.encode())
    return parse_chapter(path)


def test_prose_and_cells_in_order(tmp_path: Path) -> None:
    cell_text = "```{python}\n#| label: x\n#| echo: false\n\nx = 1\n```\n\n"
    shown = "```python\nshown, not run\n```\n"
    text = "---\ntitle: T\n---\n\nText `{python} 1+1`.\n\n"
    chapter = parse(tmp_path, text + cell_text + shown)
    first, cell, last = chapter.parts
    assert isinstance(first, Prose)
    assert list(first.inline()) == [("1+1", 5)]
    assert cell == Cell("x = 1", 7, {"label": "x", "echo": False})
    assert isinstance(last, Prose)
    assert "shown, not run" in last.text
    assert chapter.front_matter == {"title": "T"}


def test_windows_line_ends(tmp_path: Path) -> None:
    text = "# T\n\n```{python}\n#| echo: false\nx = 1\n```\n"
    assert parse(tmp_path, text.replace("\n", "\r\n")).parts == parse(tmp_path, text).parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n\n{{< video x >}}\n", ":3: shortcodes"),
        ("::: {.panel-tabset}\n:::\n", ":1: a block of class 'panel-tabset'"),
        ("::: column-margin\n:::\n", ":1: a block of class 'column-margin'"),
        ("\n```{r}\n1\n```\n", ":2: cells in r"),
        ("```{python}\n#| layout-ncol: 2\n1\n```\n", ":1: cell option 'layout-ncol'"),
        ("```{python}\n#| label: fig-x\n1\n```\n", ":1: fig-x has no caption"),
        ("```{python}\n#| label: tbl-x\n1\n```\n", ":1: tbl-x has no caption"),
        ("```{python}\n#| label: fig-x\n#| fig-cap: X\n1\n```\n", ":1: fig-x has no alt text"),
        ("```{python}\n#| echo: fenced\n1\n```\n", ":1: cell option echo must be true or false"),
        ("```{python}\n#| fig-cap: 1\n1\n```\n", ":1: cell option fig-cap must be text"),
        ("```{python}\n#| just words\n1\n```\n", ":1: the cell's #| options must be"),
        ("a\n- b\n\n  ```{python}\n  1\n  ```\n", ":4: a cell must start at the line's beginning"),
        ("a\n\nb `{python} 1 +\n2` c\n", ":3: an inline expression must fit on one line"),
        ("::: {#fig-x}\n:::\n", ":1: a block can't be fig-x"),
        ("```{python}\n1\n", ":1: this fence is never closed"),
        ("```{python}\n#| a: [\n1\n```\n", ":1: the cell's #| options are no YAML"),
        ("---\nformat-links: 1\n---\n", ":1: front matter 'format-links'"),
        ("```{python}\n#| label: 2001-99-99\n```\n", ":1: the cell's #| options are no YAML"),
        ("---\na: [\n---\n", ":1: the front matter is no YAML"),
        ("---\ntitle: 2001-99-99\n---\n", ":1: the front matter is no YAML"),
        ("---\n5\n---\n", ":1: the front matter must be"),
        ("---\n5: 6\n---\n", ":1: front matter '5' is not known"),
        ("---\ntitle: x\n", ":1: the front matter never ends"),
    ],
)
def test_what_is_not_known_is_an_error_with_file_and_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(BookError) as caught:
        parse(tmp_path, text)
    assert f"chapter.qmd{message}" in str(caught.value)


def test_code_that_is_only_shown_is_not_searched_for_constructs(tmp_path: Path) -> None:
    (part,) = parse(tmp_path, "````markdown\n{{< video x >}}\n```{r}\n```\n````\n").parts
    assert isinstance(part, Prose)
