"""Marks in place of words: what a format lacks is a mark that is not in it, whatever lost it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qmdbook.known import OWN
from qmdbook.tree import Element, Node, changed_blocks

# A mark is a number for a formula and letters for a word, as writers set other signs in their ways.
MARK = re.compile(r"739(\d{6})|qxz([a-j]{6})", re.IGNORECASE)
LETTERS = str.maketrans("0123456789", "abcdefghij")
DIGITS = str.maketrans("abcdefghij", "0123456789")


def marked(blocks: Sequence[Node]) -> tuple[list[Node], list[str]]:
    """Blocks with a mark in place of each word, formula and piece of code, and what stood there.

    Code loses its language, since it need not be coloured.
    """
    words: list[str] = []

    def mark(word: str) -> str:
        words.append(word)
        return f"{len(words) - 1:06}"

    def change(item: Element) -> Node | None:
        match item.kind:
            case "Str":
                return {"t": "Str", "c": f"qxz{mark(item.text).translate(LETTERS)}"}
            case "Math":
                return {"t": "Math", "c": [item.part(0), f"739{mark(item.text)}"]}
            case "Code" | "CodeBlock":
                classes = [name for name in item.classes if name in OWN]
                attributes = [item.identifier, classes, item.attributes]
                word = f"qxz{mark(item.text).translate(LETTERS)}"
                return {"t": item.kind, "c": [attributes, word]}
            case "Image" if not item.attribute("fig-alt"):
                return None
            case "Image" | "Cite":  # of an image's texts only its alt text is shown
                return {"t": item.kind, "c": item.content}
        return None

    return changed_blocks(blocks, change), words


def first_lost(words: list[str], text: str) -> list[str]:
    """The first words in a row whose marks a written text lacks."""
    numbers = {
        int(number or letters.lower().translate(DIGITS)) for number, letters in MARK.findall(text)
    }
    lost = [number for number in range(len(words)) if number not in numbers][:8]
    return [words[number] for count, number in enumerate(lost) if number == lost[0] + count]
