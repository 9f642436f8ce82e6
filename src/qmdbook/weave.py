"""Weaves a chapter's prose and its executed code into one Markdown text for pandoc."""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from qmdbook.errors import BookError
from qmdbook.qmd import INLINE, Cell, Chapter, Prose

IMAGES = {"image/svg+xml": "svg", "image/png": "png"}
SHOWN = (*IMAGES, "text/markdown", "text/latex", "text/html", "text/plain")
SAID = ("text/markdown", "text/latex", "text/plain")
SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!@|$~^&\"'])")


def weave(chapter: Chapter, executed: NotebookNode, figures: Path) -> str:
    """The chapter as Markdown; its figures are written to the folder `figures`/<chapter>.

    Raises:
        BookError: a figure has no alt text; names file and line.
    """
    texts: list[str] = []
    for number, part in enumerate(chapter.parts):
        cells = [c for c in executed.cells if c.metadata["qmdbook"].get("part") == number]
        if isinstance(part, Prose):
            texts.append(fill_in(part.text, [inline_value(cell) for cell in cells]))
        else:
            outputs = cells[0].outputs if cells else []
            folder = figures / chapter.name
            try:
                texts.append("\n".join(_cell(part, number, outputs, folder)))
            except BookError as error:
                raise BookError(f"{chapter.where(part.line)}: {error}") from error
    return "\n\n".join(texts) + "\n"


def fill_in(text: str, values: list[str]) -> str:
    """Prose with its inline expressions replaced by their values."""
    remaining = iter(values)
    return INLINE.sub(lambda _: next(remaining), text)


def inline_value(cell: NotebookNode) -> str:
    """What an inline expression gave, as Quarto writes it.

    Markdown and LaTeX stand for themselves; a string is text, whatever characters it has.
    """
    for output in cell.outputs:
        data = output.get("data", {})
        mime = _best_output(data, SAID)
        if mime == "text/plain":
            return _plain(str(data[mime]))
        if mime:
            return str(data[mime])
    return ""


def _plain(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return SPECIAL.sub(r"\\\1", str(ast.literal_eval(text)))
    return text


def _cell(cell: Cell, number: int, outputs: list[NotebookNode], figures: Path) -> Iterator[str]:
    """A cell's code and outputs in a div that carries its number."""
    run = "" if cell.options.get("eval", True) else " .unevaluated"
    yield f':::: {{.cell{run} part="{number}"}}'
    included = cell.options.get("include", True)
    if included and cell.options.get("echo", True):
        fold = cell.options.get("code-fold")
        attributes = "" if fold is None else f' code-fold="{str(fold).lower()}"'
        summary = _attribute(str(cell.options.get("code-summary", "Code")))
        yield _fenced(cell.source, f'{{.python .cell-code{attributes} code-summary="{summary}"}}')
    if included and cell.options.get("output", True) is not False:
        name = cell.label or f"cell-{number}"
        for count, output in enumerate(outputs):
            yield _output(cell, count, output, figures / f"{name}-{count}")
    yield "::::"


def _output(cell: Cell, count: int, output: NotebookNode, image: Path) -> str:
    """One output as Markdown; `image` is the file it goes to if it is one, but for the suffix."""
    if output.output_type == "stream":
        if cell.options.get("output") == "asis" and output.name == "stdout":
            return f"\n{output.text}\n"
        return _fenced(output.text.rstrip("\n"), f"{{.cell-output .cell-output-{output.name}}}")
    mime = _best_output(output.data, SHOWN)
    if mime in IMAGES:
        return _image(cell, image.with_name(f"{image.name}.{IMAGES[mime]}"), output.data[mime])
    if mime == "text/plain":
        return _fenced(output.data[mime], "{.cell-output}")
    caption = str(cell.options.get("tbl-cap") or "")
    if mime == "text/html":  # read by pandoc, so that tables are tables in every format
        attributes = f'{{.cell-html label="{cell.label}" caption="{_attribute(caption)}"}}'
        return _fenced(output.data[mime], attributes)
    text = str(output.data.get(mime, "")) if mime else ""
    if caption:
        text = f"{text.rstrip()}\n\n: {caption} {{#{cell.label}}}"
    return f'\n::: {{.cell-markdown output="{count}"}}\n\n{text}\n\n:::\n'


def _image(cell: Cell, path: Path, data: str) -> str:
    """Writes the image, and shows it as a figure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".svg":
        path.write_text(data, encoding="utf-8")
    else:
        path.write_bytes(base64.b64decode(data))
    options: dict[str, Any] = cell.options
    if not options.get("fig-alt"):
        raise BookError("this cell's figure has no alt text; add #| fig-alt.")
    label = f"#{cell.label} " if cell.label.startswith("fig-") else ""
    classes = "".join(f".{name} " for name in str(options.get("classes", "")).split())
    alt = _attribute(str(options["fig-alt"]))
    target = f"figures/{path.parent.name}/{path.name}"
    return f'\n![{options.get("fig-cap", "")}]({target}){{{label}{classes}fig-alt="{alt}"}}\n'


def _attribute(text: str) -> str:
    """Text between the double quotes of a pandoc attribute."""
    text = text.replace("&", "&amp;").replace("\\", "\\\\")
    return text.replace('"', '\\"').replace("\n", " ")


def _fenced(text: str, attributes: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"\n{ticks} {attributes}\n{text}\n{ticks}\n"


def _best_output(data: dict[str, Any], preferred: tuple[str, ...]) -> str | None:
    """The first of the preferred MIME types that an output has."""
    return next((mime for mime in preferred if mime in data), None)
