"""Puts what a chapter's code gave into its text, as pandoc's syntax tree."""

from __future__ import annotations

import ast
import base64
import re
from pathlib import Path

from nbformat import NotebookNode

from qmdbook.errors import BookError
from qmdbook.execute import CellOutputs
from qmdbook.known import OUTPUTS
from qmdbook.qmd import Cell, Chapter
from qmdbook.tree import (
    Element,
    Json,
    Node,
    changed_blocks,
    division,
    elements,
    span,
    text_block,
)

IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
VALUE = re.compile(r"`?\{value\} (\d+)`?")
ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
MOST_LETTERS = 100_000  # of one output: some 30 pages
PLOT = re.compile(r"\[?<(matplotlib|seaborn)\.|Text\([-\d]")  # what drawing returns; as Quarto
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
NUMPY = re.compile(r"np\.\w+\(([^()]+)\)")


def parts_in(tree: Json) -> list[int]:
    """The numbers of the parts whose places a syntax tree has."""
    places = elements(tree, "Code", "CodeBlock", "Math")
    return [number for place in places for number in _parts_of(place)]


def _parts_of(place: Element) -> list[int]:
    """The parts whose place an element is: one cell, or the values in a formula or code."""
    if place.kind == "CodeBlock" and place.classes == ["cell"]:
        return [int(place.attribute("part"))]
    is_inline = place.kind in {"Code", "Math"}
    return [int(number) for number in VALUE.findall(place.text)] if is_inline else []


def weave(chapter: Chapter, blocks: list[Node], outputs: CellOutputs, figures: Path) -> list[Node]:
    """The chapter with its values and outputs in place, for pandoc to read those that are Markdown.

    Figures are written to the folder `figures`/<chapter>.

    Raises:
        BookError: an output is of a kind that is not known, or a figure has no alt text; names
            file and line.
    """

    def fill(place: Element) -> Node | None:
        number = next(iter(_parts_of(place)), None)
        if number is None:
            return None
        part = chapter.parts[number]
        try:
            if isinstance(part, Cell):
                return _cell(part, number, outputs.get(number, []), figures / chapter.name)
            return _value(place, number, outputs)
        except BookError as error:
            raise BookError(f"{chapter.where(part.line)}: {error}") from error

    return changed_blocks(blocks, fill)


def _value(place: Element, number: int, outputs: CellOutputs) -> Node:
    """An inline expression's value, or a formula with all of its values."""
    part = [["part", str(number)]]
    if place.kind == "Math":
        tex = VALUE.sub(lambda match: value_of(outputs[int(match[1])])[1], place.text)
        return span(["read"], part, [{"t": "Math", "c": [place.part(0), tex]}])
    kind, text = value_of(outputs[number])
    if kind == "markdown":
        return {"t": "Code", "c": [["", ["read"], part], text]}
    return span(["read"], part, _words(text))


def value_of(outputs: list[NotebookNode]) -> tuple[str, str]:
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
    included = cell.options.get("include", True)
    content: list[Node] = []
    if included and cell.options.get("echo", True):
        fold = cell.options.get("code-fold")
        attributes = [] if fold is None else [["code-fold", str(fold).lower()]]
        attributes += [["code-summary", str(cell.options.get("code-summary", "Code"))]]
        content = [text_block(["python", "cell-code"], attributes, cell.source)]
    if included and cell.options.get("output", True) is not False:
        _check_length(outputs)
        shown = [pair for pair in enumerate(outputs) if not is_drawn(pair[1])]
        kinds = [_best(o.data)[0] if "data" in o else "stream" for _, o in shown]
        if cell.options.get("fig-cap") and outputs and not {"svg", "png", "jpg"} & set(kinds):
            raise BookError("this cell has a fig-cap, and gives no figure.")
        for count, output in shown:
            image = figures / f"{cell.label or f'cell-{number}'}-{count}"
            content.append(_output(cell, number, count, output, image))
    return division(classes, [["part", str(number)]], content)


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
        text = _last_written(ANSI.sub("", output.text)).rstrip()
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
        return division(["cell-markdown"], [["output", str(count)]], [read])
    return _figure(cell, part, image.with_name(f"{image.name}.{kind}"), text)


def _last_written(text: str) -> str:
    """Each line as it stands at the end, without what a progress bar has overwritten."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _check_length(outputs: list[NotebookNode]) -> None:
    for output in outputs:
        texts = [output.get("text", ""), *map(str, output.get("data", {}).values())]
        kinds = {"stream", *output.get("data", {})}
        if not kinds & set(IMAGES) and max(map(len, texts)) > MOST_LETTERS:
            raise BookError(
                f"this cell's output has {max(map(len, texts)):,} letters, more than the "
                f"{MOST_LETTERS:,} that can be shown; print less."
            )


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


def _best(data: dict[str, object]) -> tuple[str, str]:
    """The kind and text of the best that an output offers, unless that is a stand-in for more."""
    unknown = sorted(set(data) - set(OUTPUTS))
    best = next((mime for mime in OUTPUTS if mime in data), "text/plain")
    if unknown and best == "text/plain":
        raise BookError(f"an output of the type {unknown[0]} is not known here.")
    return OUTPUTS[best], str(data[best])
