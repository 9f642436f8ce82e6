"""Puts what a chapter's code gave into its text, as pandoc's syntax tree."""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from qmdbook.errors import BookError
from qmdbook.known import OUTPUTS, Node, problems
from qmdbook.pandoc import text_block
from qmdbook.qmd import Cell, Chapter

VALUE = re.compile(r"`?\{value\} (\d+)`?")
ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
OVERWRITTEN = re.compile(r"[^\n]*\r(?=[^\n])")  # by a progress bar
PLOT = re.compile(r"\[?<(matplotlib|seaborn)\.|Text\([-\d]")  # what drawing returns; as Quarto
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
NUMPY = re.compile(r"np\.\w+\(([^()]+)\)")


def parts_in(node: Node) -> Iterator[int]:
    """The numbers of the parts whose places a syntax tree has."""
    if isinstance(node, list):
        for item in node:
            yield from parts_in(item)
    elif isinstance(node, dict):
        kind, content = node.get("t"), node.get("c") or []
        if (cell := _cell_in(kind, content)) is not None:
            yield cell
        elif kind in {"Code", "Math"}:
            yield from (int(number) for number in VALUE.findall(content[1]))
        else:
            yield from parts_in(list(node.values()))


def _cell_in(kind: str | None, content: Node) -> int | None:
    """The number of the cell whose place an element is, if it is one."""
    is_cell = kind == "CodeBlock" and content[0][1] == ["cell"]
    return int(dict(content[0][2])["part"]) if is_cell else None


def weave(
    chapter: Chapter, blocks: list[Node], executed: NotebookNode, figures: Path
) -> list[Node]:
    """The chapter with its values and outputs in place, for pandoc to read those that are Markdown.

    Figures are written to the folder `figures`/<chapter>.

    Raises:
        BookError: an output is of a kind that is not known, or a figure has no alt text; names
            file and line.
    """
    outputs: dict[int, list[NotebookNode]] = {
        cell.metadata["qmdbook"]["part"]: cell.outputs
        for cell in executed.cells
        if "part" in cell.metadata["qmdbook"]
    }

    def fill(node: Node) -> Node:
        if isinstance(node, list):
            return [fill(item) for item in node]
        if not isinstance(node, dict):
            return node
        kind, content = node.get("t"), node.get("c") or []
        number = _cell_in(kind, content)
        if number is None and kind in {"Code", "Math"}:
            number = next(parts_in(node), None)
        if number is None:
            return {key: fill(value) for key, value in node.items()}
        part = chapter.parts[number]
        try:
            if isinstance(part, Cell):
                return _cell(part, number, outputs.get(number, []), figures / chapter.name)
            if kind == "Math":
                return _formula(content[0], content[1], outputs)
            return _value(number, outputs[number])
        except BookError as error:
            raise BookError(f"{chapter.where(part.line)}: {error}") from error

    filled: list[Node] = fill(blocks)
    return filled


def _value(number: int, outputs: list[NotebookNode]) -> Node:
    """An inline expression's value: Markdown stands for itself, all else is text."""
    kind, text = said(outputs)
    mark = ["", ["read"], [["part", str(number)]]]
    if kind == "markdown":
        return {"t": "Code", "c": [mark, text]}
    return {"t": "Span", "c": [mark, _words(text)]}


def _formula(kind: Node, tex: str, outputs: dict[int, list[NotebookNode]]) -> Node:
    filled = VALUE.sub(lambda found: said(outputs[int(found[1])])[1], tex)
    node = {"t": "Math", "c": [kind, filled]}
    for problem in problems(node):
        raise BookError(f"{problem.message}.")
    return node


def said(outputs: list[NotebookNode]) -> tuple[str, str]:
    """The kind and text of an inline expression's value; without one, no text."""
    for output in outputs:
        if "data" not in output:
            raise BookError("an inline expression can't print.")
        data = {mime: text for mime, text in output.data.items() if mime != "text/html"}
        kind, text = _best(data)
        if kind not in {"markdown", "plain"}:
            raise BookError("an inline expression can't be a figure.")
        return kind, _plain(text) if kind == "plain" else text
    return "plain", ""


def _plain(text: str) -> str:
    """A string without its quotes, and a number of numpy's as Python shows it."""
    if ADDRESS.search(text):
        raise BookError(f"the value is an object without text of its own: {text:.60}")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return str(ast.literal_eval(text))
    return NUMPY.sub(r"\1", text)


def _words(text: str) -> list[Node]:
    words = re.split(r"(\s+)", text)
    return [{"t": "Space"} if word.isspace() else {"t": "Str", "c": word} for word in words if word]


def _cell(cell: Cell, number: int, outputs: list[NotebookNode], figures: Path) -> Node:
    """A cell's code and outputs in a div that carries its number."""
    classes = ["cell"] if cell.options.get("eval", True) else ["cell", "unevaluated"]
    included, content = cell.options.get("include", True), []
    if included and cell.options.get("echo", True):
        fold = cell.options.get("code-fold")
        attributes = [] if fold is None else [["code-fold", str(fold).lower()]]
        attributes += [["code-summary", str(cell.options.get("code-summary", "Code"))]]
        content = [text_block(["python", "cell-code"], attributes, cell.source)]
    if included and cell.options.get("output", True) is not False:
        shown = [pair for pair in enumerate(outputs) if not is_drawn(pair[1])]
        kinds = [_best(o.data)[0] if "data" in o else "stream" for _, o in shown]
        if cell.options.get("fig-cap") and outputs and not {"svg", "png", "jpg"} & set(kinds):
            raise BookError("this cell has a fig-cap, and gives no figure.")
        for count, output in shown:
            image = figures / f"{cell.label or f'cell-{number}'}-{count}"
            content.append(_output(cell, number, count, output, image))
    return {"t": "Div", "c": [["", classes, [["part", str(number)]]], content]}


def is_drawn(output: NotebookNode) -> bool:
    """Whether this is what matplotlib's functions return beside the figure."""
    return set(output.get("data", ())) == {"text/plain"} and bool(
        PLOT.match(str(output.data["text/plain"]))
    )


def _output(cell: Cell, number: int, count: int, output: NotebookNode, image: Path) -> Node:
    """One output; `image` is the file it goes to if it is one, but for the suffix."""
    part = ["part", str(number)]
    table = [["label", cell.label], ["caption", str(cell.options.get("tbl-cap") or "")]]
    if output.output_type == "stream":
        if cell.options.get("output") == "asis" and output.name == "stdout":
            return text_block(["read"], [part, ["format", "markdown"], *table], output.text)
        text = OVERWRITTEN.sub("", ANSI.sub("", output.text)).rstrip()
        return text_block(["cell-output", f"cell-output-{output.name}"], [], text)
    kind, text = _best(output.data)
    if kind == "plain":
        if ADDRESS.search(text):
            raise BookError(f"the output is an object without text of its own: {text:.60}")
        return text_block(["cell-output"], [], ANSI.sub("", text))
    if kind == "html":  # read by pandoc, so that tables are tables in every format
        return text_block(["read"], [part, ["format", "html"], *table], text)
    if kind == "markdown":
        read = text_block(["read"], [part, ["format", "markdown"], *table], text)
        return {"t": "Div", "c": [["", ["cell-markdown"], [["output", str(count)]]], [read]]}
    return _figure(cell, part, image.with_name(f"{image.name}.{kind}"), text)


def _figure(cell: Cell, part: list[str], path: Path, data: str) -> Node:
    """Writes the image; its text is the caption."""
    alt = cell.options.get("fig-alt")
    if not alt:
        raise BookError("this cell's figure has no alt text; add #| fig-alt.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if path.suffix == ".svg" else base64.b64decode(data))
    label = cell.label if cell.label.startswith("fig-") else ""
    target = f"figures/{path.parent.name}/{path.name}"
    attributes = [part, ["label", label], ["target", target], ["alt", str(alt)]]
    return text_block(["read", "figure"], attributes, str(cell.options.get("fig-cap") or ""))


def _best(data: dict[str, Any]) -> tuple[str, str]:
    """The kind and text of the best that an output offers, unless that is a stand-in for more."""
    unknown = sorted(set(data) - set(OUTPUTS))
    best = next((mime for mime in OUTPUTS if mime in data), "text/plain")
    if unknown and best == "text/plain":
        raise BookError(f"an output of the type {unknown[0]} is not known here.")
    return OUTPUTS[best], str(data[best])
