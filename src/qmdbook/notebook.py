"""Executed notebooks: a chapter's text with references resolved, its cells with their outputs."""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import typst
from nbformat import NotebookNode

from qmdbook.book import Book, Format
from qmdbook.execute import CellOutputs
from qmdbook.known import KINDS
from qmdbook.memory import Memory
from qmdbook.pandoc import FILTERS, Document
from qmdbook.qmd import Cell, Chapter
from qmdbook.weave import is_drawn

NOTEBOOK = Format(
    "the notebook",
    "gfm-tex_math_gfm+tex_math_dollars-raw_html-footnotes",
    "a cell of its tables is one line, without lists; write it so, or show it elsewhere alone, in "
    '::: {.content-visible unless-format="ipynb"}',
    (FILTERS / "flatten.lua",),
)
MARK = re.compile(r"^<!-- cell (\d+) -->$", re.MULTILINE)
OUTPUT = re.compile(r"^<!-- output (\d+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
IMAGE = re.compile(r"!\[[^\]]*\]\((?!\w+:)([^)\s]+)\)")
SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!@|$~^&\"'])")
DPI = 160  # of figures
PAGE = b'#set page(width: auto, height: auto, margin: 0pt, fill: none)\n#image("figure.svg")'
UNRESOLVED = re.compile(rf"@({'|'.join(KINDS)})-|\{{#")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
INSTALL = (
    "This notebook is a chapter of *{title}*, made from its source with all outputs. To run it "
    "again, install the book's package once: in a checkout of the book, "
    "`python -m pip install -c constraints.txt -e .`"
)


def write_notebooks(book: Book, target: Path) -> None:
    """Writes the chapters that the project offers as executed notebooks into the folder `target`.

    Raises:
        BookError: a reference leads nowhere.
    """
    target.mkdir(exist_ok=True)

    def build(document: Document) -> None:
        name = document.chapter.name
        if name in book.project.notebooks:
            nbformat.write(_notebook(book, document), target / f"{name}.ipynb")

    book.pandoc.each(build, book.documents)


def _notebook(book: Book, document: Document) -> NotebookNode:
    """A chapter as a notebook that has been run."""
    chapter, title = document.chapter, book.project.title
    text = book.write(NOTEBOOK, document)
    escaped = SPECIAL.sub(r"\\\1", " ".join(title.split()))
    cells = [nbformat.v4.new_markdown_cell(INSTALL.format(title=escaped))]
    cells += _cells(chapter, book.outputs[chapter.name], text, book.pandoc.memory)
    for count, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            _attach_images(cell, book.stage)
        cell.id = f"{chapter.name}-{count}".replace("_", "-")
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "title": title}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _cells(
    chapter: Chapter, outputs: CellOutputs, text: str, memory: Memory
) -> Iterator[NotebookNode]:
    """Markdown and code cells in the order of the chapter."""
    pieces = ["-1", *MARK.split(text)]
    count = 0
    for number, prose in zip(map(int, pieces[::2]), pieces[1::2], strict=True):
        part = chapter.parts[number] if number in outputs else None
        if isinstance(part, Cell):
            count += 1
            resolved = {int(match[1]): match[2].strip() for match in OUTPUT.finditer(prose)}
            yield _code(part, outputs[number], count, resolved, memory)
        if words := OUTPUT.sub("", prose).strip():
            yield nbformat.v4.new_markdown_cell(words)


def _attach_images(cell: NotebookNode, folder: Path) -> None:
    """Takes the images that a text shows into the notebook itself."""
    for target in IMAGE.findall(cell.source):
        name, path = target.replace("/", "-"), folder / target
        mime = mimetypes.guess_type(name)[0] or "image/png"
        data = base64.b64encode(path.read_bytes()).decode()
        cell.setdefault("attachments", {})[name] = {mime: data}
        cell.source = cell.source.replace(f"]({target})", f"](attachment:{name})")


def _code(
    cell: Cell, outputs: list[NotebookNode], count: int, resolved: dict[int, str], memory: Memory
) -> NotebookNode:
    """A code cell with PNG figures, which every viewer shows.

    Markdown outputs with references are replaced by their `resolved` texts.
    """
    shown_outputs = []
    shown = cell.options.get("include", True) and cell.options.get("output", True)
    for number, output in enumerate(outputs if shown else []):
        if is_drawn(output):
            continue
        output = nbformat.from_dict(output)
        data = output.get("data", {})
        if UNRESOLVED.search(str(data.get("text/markdown", ""))):
            data["text/markdown"] = resolved.get(number, "")
        if {"image/png", "image/svg+xml"} & set(data):
            _describe_figure(output, str(cell.options.get("fig-alt", "")), memory)
        if output.output_type == "execute_result":
            output.execution_count = count
        shown_outputs.append(output)
    metadata = {} if cell.options.get("echo", True) else {"jupyter": {"source_hidden": True}}
    return nbformat.v4.new_code_cell(
        cell.source, outputs=shown_outputs, execution_count=count, metadata=metadata
    )


def _describe_figure(output: NotebookNode, alt: str, memory: Memory) -> None:
    """Gives a figure as PNG its alt text, its size on the screen, and paper in dark themes.

    The keys are those that nbconvert, JupyterLab and the classic notebook read.
    """
    if svg := output.data.pop("image/svg+xml", None):
        inputs = (version("typst").encode(), str(DPI).encode(), PAGE, svg.encode())
        picture = memory.recall(lambda: _drawn(svg.encode()), *inputs)
        output.data["image/png"] = base64.b64encode(picture).decode()
    output.data["text/plain"] = alt  # what a terminal shows
    width = int.from_bytes(base64.b64decode(output.data["image/png"][:32])[16:20], "big")
    output.metadata = {
        "image/png": {"alt": alt, "width": round(width * 96 / DPI)},
        "alt": alt,
        "needs_background": "light",
    }


def _drawn(svg: bytes) -> bytes:
    """An SVG as PNG."""
    files: Any = {"main": PAGE, "figure.svg": svg}  # its stubs know no dict
    return bytes(typst.compile(files, format="png", ppi=DPI, ignore_system_fonts=True))
