"""How a PDF is set: what fits, what stays together, what a hand-in leaves out."""

from __future__ import annotations

from pathlib import Path

import pypdf

from pdfs import MARGIN, destinations, page_texts, positions, text_of
from qmdbook.book import Book
from qmdbook.pandoc import Pandoc, number_chapters, parse
from qmdbook.pdf import build_pdf
from qmdbook.project import Project
from qmdbook.qmd import Chapter
from qmdbook.site import TEMPLATES
from qmdbook.tree import without_class
from smallbook import DRAWING

THEORY = Path(__file__).resolve().parents[2] / "handin" / "theory.typ"
SENTENCE = "Words that fill a part of the page. "
QUESTION = """\
# Why? {#sec-why}

See @sec-given, @sec-first and @sec-last.

## Given {#sec-given}

## One {#sec-first part="1"}

:::: {.cell part="3"}
``` {.python .cell-code}
hidden()
```
::::

::: {.extra}
An aside.
:::

## Others {#sec-last part="2 and 3"}

## More {#sec-more .extra}

Not asked.

### Even more

Nor this.

## Kept

The end.
"""


def typeset(
    folder: Path,
    text: str,
    template: Path = TEMPLATES / "book.typ",
    author: str = "A",
    left_out: str = "",
    **variables: str,
) -> pypdf.PdfReader:
    """One chapter as a PDF, without the class `left_out`."""
    project = Project(folder, "T", (), author=author)
    chapter = Chapter(folder / "one.qmd", {}, (), text, ())
    blocks = without_class(parse(text, Pandoc(folder)), left_out)
    documents = number_chapters([chapter], [blocks], Pandoc(folder))
    build_pdf(Book(project, folder, Pandoc(folder), documents, {}), "t.pdf", template, **variables)
    return pypdf.PdfReader(folder / "t.pdf")


def test_wide_formulas_and_long_lines_of_code_stay_within_the_margins(tmp_path: Path) -> None:
    terms = " + ".join(f"x_{{{i}}}" for i in range(40))
    code = f"total = f({', '.join(f'argument_{i}' for i in range(20))})"
    text = f"# One\n\n$$ y = {terms} $$ {{#eq-wide}}\n\n```python\n{code}\n```\n"
    reader = typeset(tmp_path, text)
    places = [place for page in positions(reader) for place in page]
    assert "argument_19" in text_of(reader)
    assert len(places) > 40
    width = float(reader.pages[0].mediabox.width)
    assert all(MARGIN - 1 < x < width - MARGIN for x, _ in places)


def test_what_leads_to_a_formula_stays_on_its_page(tmp_path: Path) -> None:
    """Chapters of growing length, so that the formula meets the end of a page somewhere."""
    chapters = [
        f"# Chapter\n\n{SENTENCE * 18 * k}\n\n## Heading-{k}\n\nLead-{k} gives\n\n"
        f"$$ \\begin{{bmatrix}} {k} \\\\ 2 \\\\ 3 \\end{{bmatrix}} = 0 $$ {{#eq-n{k}}}\n"
        for k in range(1, 18)
    ]
    pages = page_texts(typeset(tmp_path, "\n".join(chapters)))
    for k in range(1, 18):
        (lead,) = (i for i, page in enumerate(pages) if f"Lead-{k} " in page)
        (formula,) = (i for i, page in enumerate(pages) if f"(1.{k})" in page)
        heading = max(i for i, page in enumerate(pages) if f"Heading-{k}\n" in page)
        assert heading == lead == formula


def test_a_hand_in_follows_the_parts_of_the_question(tmp_path: Path) -> None:
    reader = typeset(tmp_path, QUESTION, THEORY, left_out="extra", course="The course")
    text = text_of(reader)
    assert "The course A" in text
    assert "Question 1: Why?" in text
    assert "See “Given”, Part 1 and Parts 2 and 3." in text
    order = ("Given", "Part 1: One", "Parts 2 and 3: Others", "Kept")
    places = [text.rindex(heading) for heading in order]
    assert places == sorted(places)
    for left_out in ("hidden", "aside", "Not asked", "Even more", "Nor this"):
        assert left_out not in text
    assert len(destinations(reader)) == 3


def test_a_book_has_all_that_a_hand_in_leaves_out(tmp_path: Path) -> None:
    text = text_of(typeset(tmp_path, QUESTION))
    for kept in ("1 Why?", "1.2 One", "hidden()", "An aside.", "1.4 More", "Nor this."):
        assert kept in text
    assert "Part 1" not in text


def test_variables_are_text(tmp_path: Path) -> None:
    text = 'with "quotes", back\\slash and ] # @x'
    reader = typeset(tmp_path, "# One\n", THEORY, course=text, author=text)
    assert text_of(reader).count(text) == 2
    assert reader.metadata is not None
    assert reader.metadata.author == text


def test_a_small_figure_stands_in_the_middle(tmp_path: Path) -> None:
    (tmp_path / "dot.svg").write_text(DRAWING)
    text = '# One\n\n![A dot.](dot.svg){#fig-dot fig-alt="A dot." width=20%}\n'
    places = positions(typeset(tmp_path, text))[-1]
    caption = [x for x, y in places if 60 < y < 690]  # between chapter title and page number
    assert min(caption) > 2 * MARGIN


WORKS = "".join(
    f"@book{{{key}, author = {{Doe, {name}}}, title = {{{title}}}, year = {{2001}}}}\n"
    for key, name, title in (("b", "Ann", "Second"), ("a", "Ann", "First"), ("c", "Bob", "Third"))
)


def test_works_that_different_chapters_cite_are_told_apart(tmp_path: Path) -> None:
    """One author's works of one year get letters; authors of one name, their first names."""
    (tmp_path / "works.bib").write_text(WORKS)
    project = Project(tmp_path, "T", (), bibliography=tmp_path / "works.bib")
    texts = ["# One\n\nAs @a says.\n", "# Two\n\nAs [@b; @c] say.\n"]
    pandoc = Pandoc(tmp_path)
    chapters = [Chapter(tmp_path / f"{name}.qmd", {}, (), "", ()) for name in ("one", "two")]
    documents = number_chapters(chapters, [parse(text, pandoc) for text in texts], pandoc)
    build_pdf(Book(project, tmp_path, pandoc, documents, {}), "t.pdf")
    reader = pypdf.PdfReader(tmp_path / "t.pdf")
    text = text_of(reader)
    one, two = text.index("As A. Doe (2001a) says"), text.index("As (A. Doe 2001b; B. Doe 2001)")
    assert one < two < text.index("References", two) < text.index("First", two)
    assert text.count("Second") == 1
    assert destinations(reader).count(len(reader.pages) - 1) >= 3  # a link from each citation
