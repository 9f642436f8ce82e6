"""Chapter 1 and the theory for networks that readers may have: nothing is refused, cut or wrong."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import typst
from PIL import Image
from pypdf import PdfReader

from arithmetic import Reader
from chapters import cells_of
from hand_in import write_theory
from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.network import PARAMETERS, Network, load_network
from hw1lib.display import latex
from networks import drawn_fields, toml
from pdfs import MARGIN, text_of
from qmdbook.book import Book, prepare
from qmdbook.notebook import write_notebooks
from qmdbook.pdf import build_pdf
from qmdbook.project import load_project
from qmdbook.qmd import Inline, parse_chapter
from qmdbook.render import Outputs
from qmdbook.site import build_site
from qmdbook.weave import value_of

THEORY = ("q1_backprop", "q2_adam")
QUICK = 12
DRAWN = [*range(QUICK), *(pytest.param(n, marks=pytest.mark.slow) for n in range(QUICK, 20))]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?: \\times 10\^\{-?\d+\})?")
NOT_COPIED = (".*", "_book*", "submission", "data", "src", "tests", "results")


@dataclass(frozen=True)
class Built:
    """A network and what was made from it."""

    fields: dict[str, Any]
    network: Network
    page: str
    notebook: str
    inline: list[str]
    pdf: Path
    theory: Path


def build(root: Path, folder: Path, fields: dict[str, Any]) -> Built:
    """Chapters 1 and 2 for a network, in all formats, and the theory."""
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (folder / "src").symlink_to(root / "src")
    (folder / "network.toml").write_text(toml(fields))
    kept = root / ".cache" / "executed" / "q2_adam.json"
    (folder / ".cache" / "executed").mkdir(parents=True)
    shutil.copy(kept, folder / ".cache" / "executed")
    project = load_project(folder, strict=True)
    chapters = tuple(path for path in project.chapters if path.stem in THEORY)
    stage = folder / "stage"
    stage.mkdir()
    book = prepare(replace(project, chapters=chapters, notebooks=THEORY), stage)
    write_notebooks(book, stage / "notebooks")
    build_site(book)
    build_pdf(book, "book.pdf")
    notebook = nbformat.read(stage / "notebooks" / "q1_backprop.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return Built(
        fields,
        load_network(folder / "network.toml"),
        unescape((stage / "q1_backprop.html").read_text(encoding="utf-8")),
        "\n".join(cells),
        inline_values(book),
        stage / "book.pdf",
        write_theory(folder, stage, "Course", "Ada Lovelace"),
    )


def inline_values(book: Book) -> list[str]:
    """What the inline expressions of chapter 1 give."""
    chapter, outputs = book.documents[0].chapter, book.outputs["q1_backprop"]
    numbers = [n for n, part in enumerate(chapter.parts) if isinstance(part, Inline)]
    return [value_of(outputs[number])[1] for number in numbers]


@pytest.fixture(scope="module", params=DRAWN)
def made(
    request: pytest.FixtureRequest,
    root: Path,
    built: Outputs,  # chapter 2 has run by then
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    folder = tmp_path_factory.mktemp("own") / "book"
    return build(root, folder, drawn_fields(request.param))


def test_a_network_goes_through_the_chapter(made: Built) -> None:
    """All in one, since building is what takes the time."""
    assert all(made.inline)  # Quarto shows the code of an empty value
    check_every_number_is_in_each_format(made)
    check_a_calculator_agrees(made)
    for path in (made.pdf, made.theory):
        check_nothing_is_in_the_margins(path)


def check_every_number_is_in_each_format(made: Built) -> None:
    """The prediction, the loss and all derivatives, as many as are shown of large ones."""
    texts = [text_of(PdfReader(path)).replace("\u2212", "-") for path in (made.pdf, made.theory)]
    values, gradients = forward(made.network), backward(made.network)
    asked = {"y_hat": values.y_hat, "loss": values.loss}
    asked |= {name: getattr(gradients, name) for name in PARAMETERS}
    for name, value in asked.items():
        shown = latex(value)
        assert shown in made.page, name
        assert shown in made.notebook, name
        for number in NUMBER.findall(shown):
            printed = re.sub(r" \\times 10\^\{(.*)\}", r" × 10 \1", number)
            for text in texts:
                assert re.search(re.escape(printed).replace(r"\ ", r"\s*"), text), (name, number)


def check_a_calculator_agrees(made: Built) -> None:
    text = made.notebook[made.notebook.index("## ") :]
    reader = Reader(made.network.activation, made.network.output)
    equations = re.findall(r"(?s)\$\$(.*?)\$\$", text)
    assert [line for equation in equations for line in reader.read(equation)] == []
    if max(made.network.sizes) <= 6:
        assert len(reader.redone) >= 9


def check_nothing_is_in_the_margins(path: Path) -> None:
    """Pages are white where no text may stand."""
    for page in pages(path):
        margin = int(MARGIN / 72 * page.shape[1] / 8.27) - 3
        for side in (page[:, :margin], page[:, -margin:], page[-8:]):
            assert side.min() > 250


def pages(path: Path) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
    """The pages as grey pixels, set as images by typst."""
    shown = "#set page(width: auto, height: auto, margin: 0pt)\n"
    for number in range(1, len(PdfReader(path).pages) + 1):
        source = path.with_name("page.typ")
        source.write_text(f'{shown}#image("{path.name}", page: {number})')
        picture = typst.compile(source, format="png", ppi=48)
        yield np.asarray(Image.open(BytesIO(picture)).convert("L"))


@contextmanager
def untraced() -> Iterator[None]:
    """Without coverage, which doubles the time."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(15))
def test_no_cell_takes_long(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """In seconds of one processor: 2 for up to six units a layer, 10 for 64."""
    chapter = parse_chapter(root / "q1_backprop.qmd")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "network.toml").write_text(toml(drawn_fields(number)))
    (tmp_path / "_quarto.yml").touch()
    network = load_network(tmp_path / "network.toml")
    names: dict[str, Any] = {}
    for cell in cells_of(chapter):
        if "playground" in cell.source:  # needs the panels
            continue
        with untraced():
            start = time.process_time()
            exec(cell.source, names)  # noqa: S102
            taken = time.process_time() - start
        assert taken < (2 if max(network.sizes) <= 6 else 10), cell.source
