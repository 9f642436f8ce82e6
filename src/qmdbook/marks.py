"""Marks in place of words: what a format lacks is a mark that is not in it, whatever lost it."""

from __future__ import annotations

import re

from qmdbook.tree import Node, changed

# A mark is a number for a formula and letters for a word, as writers set other signs in their ways.
MARK = re.compile(r"739(\d{6})|qxz([a-j]{6})", re.IGNORECASE)
LETTERS = str.maketrans("0123456789", "abcdefghij")
DIGITS = str.maketrans("abcdefghij", "0123456789")


def marked(tree: Node) -> tuple[Node, list[str]]:
    """A syntax tree with a mark in place of each word, formula and piece of code, and these."""
    words: list[str] = []

    def mark(word: str, is_formula: bool = False) -> str:
        number = f"{len(words):06}"
        words.append(word)
        return f"739{number}" if is_formula else f"qxz{number.translate(LETTERS)}"

    def change(kind: str, content: Node) -> Node | None:
        if kind == "Cite" or (kind == "Image" and "fig-alt" in dict(content[0][2])):
            return {"t": kind, "c": content}  # of an image's texts only that one is shown
        if kind == "Str":
            return {"t": kind, "c": mark(content)}
        if kind in {"Code", "CodeBlock", "Math"}:
            return {"t": kind, "c": [content[0], mark(content[1], kind == "Math")]}
        return None

    return changed(tree, change), words


def first_lost(words: list[str], text: str) -> list[str]:
    """The first words in a row whose marks a written text lacks."""
    found = MARK.findall(text)
    kept = {int(number or letters.lower().translate(DIGITS)) for number, letters in found}
    lost = [number for number in range(len(words)) if number not in kept][:8]
    return [words[number] for count, number in enumerate(lost) if number == lost[0] + count]
