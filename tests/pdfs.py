"""What tests ask of a PDF."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pypdf import PdfReader

MARGIN = 28 / 25.4 * 72  # points to the left and right of the text


def text_of(source: PdfReader | Path) -> str:
    """All of the text, with single spaces."""
    pages = page_texts(source if isinstance(source, PdfReader) else PdfReader(source))
    return " ".join(" ".join(pages).replace("\u00a0", " ").split())


def page_texts(reader: PdfReader) -> list[str]:
    """The text of each page."""
    return [text for text, _ in _extracted(reader)]


def positions(reader: PdfReader) -> list[list[tuple[float, float]]]:
    """Where each run of glyphs of each page begins, in points from the lower left corner."""
    return [places for _, places in _extracted(reader)]


@cache
def _extracted(reader: PdfReader) -> list[tuple[str, list[tuple[float, float]]]]:
    """Text and beginnings of runs of each page, as reading them takes seconds."""
    found: list[tuple[str, list[tuple[float, float]]]] = []

    def visit(text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:
        if text.strip().strip("\u2060"):
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            places.append((x, y))

    for page in reader.pages:
        places: list[tuple[float, float]] = []
        found.append((page.extract_text(visitor_text=visit), places))
    return found


def has_pixels(resources: Any) -> bool:
    """Whether a page, or a drawing on it, has an image that is made of pixels."""
    for item in resources.get("/XObject", {}).values():
        found = item.get_object()
        if found["/Subtype"] == "/Image" or has_pixels(found.get("/Resources", {})):
            return True
    return False


def destinations(reader: PdfReader) -> list[int]:
    """The page that each link inside of the PDF leads to."""
    named = reader.named_destinations
    pages = []
    for page in reader.pages:
        for link in (note.get_object() for note in page.get("/Annots", [])):
            target = link.get("/Dest", link.get("/A", {}).get("/D"))
            if isinstance(target, str):
                pages.append(reader.get_destination_page_number(named[target]))
            elif target is not None:
                pages.append(reader.get_page_number(target[0].get_object()))
    return pages


def addresses(reader: PdfReader) -> list[str]:
    """Where the links to elsewhere lead."""
    notes = (note.get_object() for page in reader.pages for note in page.get("/Annots", []))
    return [note["/A"]["/URI"] for note in notes if "/URI" in note.get("/A", {})]


def fonts(reader: PdfReader) -> dict[str, bool]:
    """The name of each font of text, and whether it is embedded."""
    found = {}
    for page in reader.pages:
        for font in (page["/Resources"].get("/Font") or {}).values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"].get_object()
            name = font.get_object()["/BaseFont"].split("+")[-1]
            found[name] = any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))
    return found


def bookmarks(reader: PdfReader) -> list[tuple[str, int]]:
    """Title and page of each bookmark, whatever its level."""

    def flat(items: list[Any]) -> Iterator[tuple[str, int]]:
        for item in items:
            if isinstance(item, list):
                yield from flat(item)
            else:
                yield item.title, reader.get_destination_page_number(item)

    return list(flat(reader.outline))


def alternative_texts(reader: PdfReader) -> list[str]:
    """The alt texts of tagged figures, in order."""

    def walk(node: Any) -> Iterator[str]:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                yield from walk(child)
        elif isinstance(node, dict):
            if node.get("/S") == "/Figure" and "/Alt" in node:
                yield str(node["/Alt"])
            if "/K" in node:
                yield from walk(node["/K"])

    return list(walk(reader.trailer["/Root"]["/StructTreeRoot"]))
