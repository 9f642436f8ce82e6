"""The book itself: executed, built by pandoc, and with the right answers in it."""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path

import nbformat
import pypandoc
import pytest
import typst
from nbclient import NotebookClient

from hw1lib.cifar.results import load_results
from hw1lib.display import plus_minus
from pdfs import text_of
from qmdbook.render import Outputs

QUESTIONS = ("q1_backprop", "q2_adam", "q3_cifar")
CHAPTERS = ("index", *QUESTIONS, "teaching", "api", "notation")


def answers(root: Path) -> list[str]:
    """What must be found in every form of the book."""
    final = load_results(root / "results").final
    return [
        "0.8176", "1.7014", "8 of the 17 derivatives",
        "0.380000", "1.302643", "1.999947",
        f"{final['test_accuracy'].mean():.2%}", f"{final['train_loss'].mean():.4f}",
    ]  # fmt: skip


def test_every_output_is_there(built: Outputs) -> None:
    folder = built.site.parent
    assert {path.stem for path in folder.glob("*.html")} == set(CHAPTERS)
    assert built.pdf.name == "hw1.pdf"
    assert [path.stem for path in built.notebooks] == list(QUESTIONS)


def markup(outputs: Outputs) -> str:
    """All pages."""
    paths = (outputs.site.parent / f"{name}.html" for name in CHAPTERS)
    return " ".join(path.read_text(encoding="utf-8") for path in paths)


def test_the_answers_are_on_the_pages(built: Outputs, root: Path) -> None:
    text = markup(built)
    for answer in answers(root):
        assert answer in text
    assert "?@" not in text
    assert "{python}" not in text


LEFTOVER = re.compile(
    r"\{#|@(fig|tbl|eq|sec)-|:::|#\||\?@|\{python\}|<!--|</?(div|span|p|a|sup|img|table|details)\b"
)


def texts_of(notebook: nbformat.NotebookNode) -> list[str]:
    """All Markdown, be it a cell or an output."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    return cells + [
        o.data["text/markdown"] for o in outputs if "text/markdown" in o.get("data", {})
    ]


def test_notebooks_hold_the_answers_and_no_markup_of_quarto(built: Outputs, root: Path) -> None:
    everything = ""
    for path in built.notebooks:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert "pip install" in notebook.cells[0].source
        for text in texts_of(notebook):
            assert not LEFTOVER.search(text)
        everything += json.dumps(notebook, ensure_ascii=False)
    for answer in answers(root):
        assert answer in everything
    for folder in (root, Path(sys.prefix), Path.home()):
        assert f"{folder}/" not in everything


@pytest.mark.parametrize(
    "name", ["q1_backprop", *(pytest.param(q, marks=pytest.mark.slow) for q in QUESTIONS[1:])]
)
def test_notebooks_run_again_anywhere_and_say_the_same(
    built: Outputs, tmp_path: Path, name: str
) -> None:
    path = built.site.parent / "notebooks" / f"{name}.ipynb"
    notebook, again = (nbformat.read(path, as_version=4) for _ in range(2))
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(again, timeout=60, coalesce_streams=True, resources=place).execute()
    for before, after in zip(notebook.cells, again.cells, strict=True):
        assert (before.id, before.source) == (after.id, after.source)
        outputs = [cell.get("outputs", []) for cell in (before, after)]
        for old, new in zip(*outputs, strict=True):
            data = old.get("data", {})
            if "image/png" in data:
                assert old.metadata["image/png"]["alt"]
                assert "image/png" in new.data
            elif "text/markdown" in data and "@" not in new.data["text/markdown"]:
                assert data["text/markdown"] == new.data["text/markdown"]
            elif not data:
                assert old.text == new.text


NO_PROSE = r"(?s)\A---.*?\n---|```.*?```|\$\$.*?\$\$|`[^`]*`|\$[^$]*\$|\[@[^\]]*\]"


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_number_is_typed_by_hand_and_every_display_formula_is_numbered(
    root: Path, name: str
) -> None:
    """Decimal and long numbers are names or formulas; Quarto's typst numbers all formulas."""
    text = (root / f"{name}.qmd").read_text(encoding="utf-8")
    assert re.findall(r"\d+\.\d+|\d{3,}", re.sub(NO_PROSE, "", text)) == []
    marks = re.findall(r"(?m)^\$\$(.*)$", text)
    assert all(re.fullmatch(r" \{#eq-[\w-]+\}", mark) for mark in marks[1::2])


# What some writer of pandoc's sets wrongly: typst gives \; no space and \operatorname* no limits,
# and pandoc 3.10 takes what follows a superscript on an escaped parenthesis along.
RISKY_TEX = re.compile(r"\\;|\\operatorname\*|\\\)\^")


def test_formulas_are_what_every_writer_sets_right(built: Outputs) -> None:
    """Also those that cells and inline code make."""
    formulas = re.findall(r'(?s)<annotation encoding="application/x-tex">(.*?)</a', markup(built))
    assert len(formulas) > 100
    assert [formula for formula in formulas if RISKY_TEX.search(html.unescape(formula))] == []


@pytest.mark.parametrize("scripts", ["_k", "^2", "_{kj}", r"^\top", "_k^2", r"_{k}^{\top}"])
@pytest.mark.parametrize("bracket", ["(a)", "[a]", "|a|", r"\left(\frac{1}{2}\right)"])
def test_what_follows_a_brackets_index_stands_apart(root: Path, bracket: str, scripts: str) -> None:
    """Unlike in pandoc 3.10, which makes one name of them."""
    options = ["--lua-filter", str(root / "src/qmdbook/formulas.lua")]
    text = f"${bracket}{scripts} h_j$"
    written = pypandoc.convert_text(text, "typst", "markdown", extra_args=options)
    assert re.search(r"[\w)]  h_j\$", written)  # by two blanks, of which pandoc 3.9 writes one
    typst.compile(written.encode())


def test_the_readme_tells_the_same_numbers(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    final = load_results(root / "results").final
    for number in (
        plus_minus(final["epoch"], ".0f"), plus_minus(final["train_loss"], ".4f"),
        plus_minus(final["test_loss"], ".2f"), f"**{plus_minus(final['test_accuracy'])}**",
        "(0.8176, 0.1824)", "8 of 17",
    ):  # fmt: skip
        assert f"| {number} |".replace("\u00a0", " ") in text


def main_part(path: Path) -> str:
    """A page's <main>."""
    main = re.search(r"(?s)<main.*?</main>", path.read_text(encoding="utf-8"))
    assert main is not None
    return main[0]


def plain(markup: str) -> str:
    """The text without tags, its spaces all alike."""
    text = re.sub(r"(?s)<(annotation|script).*?</\1>|<[^>]+>", "", markup)
    return " ".join(html.unescape(text).split())


def numbering(path: Path) -> list[str]:
    """Every figure, table and equation reference and caption, in the order of the page.

    References to sections read differently: from an unnumbered page Quarto gives their titles.
    """
    return re.findall(r"(?:Figure|Table|Equation) [A-Z\d]+(?:\.\d+)*", plain(main_part(path)))


def decimals(path: Path) -> list[str]:
    """The numbers in a page's text, save those of sections, for the same reason."""
    return sorted(re.findall(r"(?<!Section )(?<![\w.])\d[\d,]*\.\d+", plain(main_part(path))))


def headings(path: Path) -> list[str]:
    """The headings of a page with level and number; only pandoc's pages have one for references."""
    found = re.findall(r"(?s)<h([1-4])[^>]*>(.*?)</h\1>", main_part(path))
    titles = [f"{level} {plain(text)}" for level, text in found]
    return [title for title in titles if not title.endswith(" References")]


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_quarto_gives_the_same_numbers(
    built: Outputs, built_by_quarto: Outputs, root: Path
) -> None:
    """Pages and PDF by Quarto have the same answers and the same numbering."""
    for name in CHAPTERS:
        pages = [outputs.site.parent / f"{name}.html" for outputs in (built, built_by_quarto)]
        for told in (numbering, decimals, headings):
            ours, theirs = (told(page) for page in pages)
            assert ours == theirs
        alts = [re.findall(r'<img[^>]*alt="([^"]+)"', page.read_text("utf-8")) for page in pages]
        assert list(map(html.unescape, alts[0])) == list(map(html.unescape, alts[1]))
    pdf, text = text_of(built_by_quarto.pdf), markup(built_by_quarto)
    assert [answer for answer in answers(root) if answer not in pdf or answer not in text] == []
    numbers = [set(re.findall(r"\((\d\.\d+)\)", told)) for told in (text_of(built.pdf), pdf)]
    assert numbers[0] == numbers[1]
    names = [[path.name for path in book.notebooks] for book in (built, built_by_quarto)]
    assert names[0] == names[1]
