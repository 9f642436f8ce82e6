"""The book and the theory hand-in as PDFs, by what a reader of them would miss."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from unicodedata import normalize

import pytest
from pypdf import PdfReader

from hand_in import write_theory
from hw1lib.adam.moments import expectations
from hw1lib.backprop.agreement import check_gradients
from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.network import PARAMETERS, load_network
from hw1lib.backprop.zeros import find_zeros
from hw1lib.cifar.results import load_results
from hw1lib.display import plus_minus
from hw1lib.homework import Homework
from pdfs import (
    MARGIN,
    addresses,
    alternative_texts,
    bookmarks,
    destinations,
    fonts,
    has_pixels,
    page_texts,
    positions,
    text_of,
)  # fmt: skip
from qmdbook.render import Outputs

THEORY = ("q1_backprop", "q2_adam")
CHAPTERS = ("index", *THEORY, "q3_cifar", "teaching", "api", "notation")
WORD = re.compile(r"[^\W\d_]{4,}")
STRAIGHT = str.maketrans("\u2019\u201c\u201d", '\'""')
FONTS = {"STIXTwoText", "STIXTwoMath", "DejaVuSansMono"}


@pytest.fixture(scope="module")
def book(built: Outputs) -> PdfReader:
    return PdfReader(built.pdf)


@pytest.fixture(scope="module")
def theory(built: Outputs, root: Path, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    folder = tmp_path_factory.mktemp("theory")  # the book's cells have run by then
    return PdfReader(write_theory(root, folder, "Course 101", "Ada Lovelace"))


@pytest.fixture(params=["book", "theory"])
def reader(request: pytest.FixtureRequest) -> PdfReader:
    found: PdfReader = request.getfixturevalue(request.param)
    return found


def sources(root: Path, names: tuple[str, ...]) -> str:
    return "\n".join((root / f"{name}.qmd").read_text(encoding="utf-8") for name in names)


def answers() -> list[str]:
    """The numbers that questions 1 and 2 ask for, as the PDF writes them."""
    network, homework = load_network(), Homework()
    values = forward(network)
    gradients = backward(network)
    check = check_gradients(network)
    numbers = [*values.y_hat.tolist(), float(values.loss)]
    numbers += [v for name in PARAMETERS for v in getattr(gradients, name).flatten().tolist()]
    rows = expectations(homework.adam_mean, homework.adam_beta1, homework.adam_steps)
    return [
        *(f"{abs(number):.4f}" for number in numbers if abs(number) > 1e-9),
        f"{len(find_zeros(network, values, gradients))} of the {check.total} derivatives",
        *(f"{row.uncorrected:.6f}" for row in rows),
    ]


def test_the_answers_are_there(book: PdfReader, theory: PdfReader, root: Path) -> None:
    final = load_results(root / "results").final
    of_question_3 = plus_minus(final["test_accuracy"]), plus_minus(final["train_loss"], ".4f")
    for text, more in ((text_of(book), of_question_3), (text_of(theory), ())):
        assert [a for a in (*answers(), *more) if " ".join(a.split()) not in text] == []
        assert "?@" not in text


def test_every_word_of_the_pages_is_in_the_book(
    book: PdfReader, built: Outputs, root: Path
) -> None:
    only_on_pages = re.findall(r'(?s)when-format="html"}\n(.*?)\n:::', sources(root, CHAPTERS))
    lines = re.sub(r"[-\u2010]\n\s*|[\u00ad\u2060]", "", "\n".join(page_texts(book)))
    known = set(WORD.findall("\n".join([normalize("NFKC", lines), *only_on_pages])))
    for name in CHAPTERS:
        page = built.site.with_name(f"{name}.html").read_text(encoding="utf-8")
        main = re.sub(
            r"(?s)<(math|noscript).*?</\1>", " ", page.partition("<main")[2].partition("</main")[0]
        )
        paragraphs = " ".join(re.findall(r"(?s)<p>(.*?)</p>", main))
        words = set(WORD.findall(unescape(re.sub(r"<[^>]+>", "", paragraphs))))
        assert words <= known
        assert len(words) > 200 or not name.startswith("q")


def test_they_have_the_pages_that_they_need(book: PdfReader, theory: PdfReader) -> None:
    assert 14 <= len(book.pages) <= 55
    assert 4 <= len(theory.pages) <= 9
    for text in page_texts(book) + page_texts(theory):
        assert len(text) > 100  # none is blank


def test_all_fonts_are_embedded(reader: PdfReader) -> None:
    found = fonts(reader)
    assert all(found.values())
    assert {re.split("-", name)[0] for name in found} <= FONTS


def test_figures_are_drawn(book: PdfReader, theory: PdfReader) -> None:
    """Only matrices shown as images are made of pixels: confusions and the first layer."""
    assert 1 <= sum(has_pixels(page["/Resources"]) for page in book.pages) <= 2
    assert not any(has_pixels(page["/Resources"]) for page in theory.pages)


def test_every_link_leads_to_a_page(reader: PdfReader) -> None:
    assert len(destinations(reader)) >= 5
    assert all(0 <= page < len(reader.pages) for page in destinations(reader))
    assert all(address.startswith("https://") for address in addresses(reader))
    assert any("doi.org" in a or "arxiv.org" in a for a in addresses(reader))


def test_bookmarks_are_the_headings(book: PdfReader, root: Path) -> None:
    prose = re.sub(r"(?s)```.*?```", "", sources(root, CHAPTERS))
    prose = re.sub(r"(?m)^(## .*?) (\{.*part=\"(\d)\"\})$", r"\1 (part \3) \2", prose)
    listed = re.sub(r"(?m)^#.*\.unlisted\}$", "", prose)
    headings = re.findall(r"(?m)^##? (.+?)(?: \{.*\})?$", listed)
    found = bookmarks(book)
    titles = [re.sub(r"^[\d.]+\s+", "", title).replace("’", "'") for title, _ in found]
    assert titles == [*headings, "References"]
    for title, page in found:
        shown, wanted = (s.translate(STRAIGHT) for s in (page_texts(book)[page], title))
        assert "".join(wanted.split()) in "".join(shown.split())


def test_pages_carry_their_chapter_and_number(book: PdfReader) -> None:
    chapters = {page: name for name, page in bookmarks(book) if re.match(r"\d |Ref|Notation", name)}
    current = ""
    for index, text in list(enumerate(page_texts(book)))[min(chapters) :]:
        assert re.search(rf"\b{index + 1}$", text.strip())
        current = chapters.get(index, current)
        head = f"{current} Deep Learning, Homework 1"
        assert (head in " ".join(text.split())) == (index not in chapters)


def test_solutions_stand_at_the_end_of_their_chapter(book: PdfReader, root: Path) -> None:
    text = text_of(book)
    for name in ("q1_backprop", "q2_adam", "q3_cifar"):
        count = (root / f"{name}.qmd").read_text(encoding="utf-8").count("{.solution}")
        chapter = name[1]
        numbers = [f"{chapter}.{number}" for number in range(1, count + 1)]
        questions, text = text.split(f"Solutions Solution {chapter}.1 ", maxsplit=1)
        questions = questions[questions.rindex(f"Exercise {chapter}.1 ") :]
        assert re.findall(r"Exercise ([\d.]+) ", questions) == numbers
        assert questions.count("Hint.") == count
        answered = re.findall(rf"Solution ({chapter}\.\d) ", text)
        assert answered == numbers[1:]


def test_title_author_and_language_are_set(book: PdfReader, theory: PdfReader) -> None:
    for reader, author in ((book, "The hw1 authors"), (theory, "Ada Lovelace")):
        assert reader.metadata is not None
        assert reader.metadata.title == "Deep Learning, Homework 1"
        assert reader.metadata.author == author
        assert reader.trailer["/Root"]["/Lang"] == "en"


def test_figures_are_tagged_with_their_alt_text(
    book: PdfReader, theory: PdfReader, root: Path
) -> None:
    written, asked = (
        re.findall(r'fig-alt: "(.*)"', sources(root, names)) for names in (CHAPTERS, THEORY)
    )
    assert sorted(alternative_texts(book)) == sorted(written)
    assert min(map(len, written)) >= 60
    found = alternative_texts(theory)  # not of the sections that the question doesn't ask for
    assert 1 <= len(found) < len(asked)
    assert set(found) < set(asked)


def test_nothing_leaves_the_text_block(reader: PdfReader) -> None:
    for page, places in zip(reader.pages, positions(reader), strict=True):
        for x, y in places:
            assert MARGIN - 1 < x < float(page.mediabox.width) - MARGIN
            assert 25 < y < float(page.mediabox.height) - 25


def test_a_caption_stands_on_its_figures_page(book: PdfReader) -> None:
    """What a reference to a figure leads to is the page that has the caption."""
    for name, target in book.named_destinations.items():
        kind = re.match(r"(fig|tbl)-", name)
        if kind:
            text = page_texts(book)[book.get_destination_page_number(target)]
            word = {"fig": "Figure", "tbl": "Table"}[kind[1]]
            assert re.search(rf"{word}\s\d\.\d\.", text)


def test_the_theory_answers_the_parts_in_order(theory: PdfReader) -> None:
    text = text_of(theory)
    assert text.startswith("Course 101 Ada Lovelace Deep Learning, Homework 1")
    assert all("Ada Lovelace" in page for page in page_texts(theory))
    titles = [title for title, _ in bookmarks(theory)]
    parts = [re.split(":", title)[0] for title in titles if re.match("Question|Part", title)]
    assert parts == [
        "Question\u00a01", "Part\u00a01", "Part\u00a02", "Part\u00a03",
        "Question\u00a02", "Part\u00a01", "Part\u00a02", "Part\u00a03",
    ]  # fmt: skip
    assert not re.search(r"Section \d|Chapter \d|Exercise|import torch", text)
