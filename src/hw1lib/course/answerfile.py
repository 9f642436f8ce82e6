"""Reads answers.toml line by line, so that a slip costs one answer and not all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from hw1lib.backprop.network import MAX_BYTES
from hw1lib.errors import InputError, shown
from hw1lib.files import read_text

ASKED = ("y_hat", "loss", "db_O", "dW_O", "db_H", "dW_H", "zeros")  # as each follows
START = re.compile(r"^[ \t]*([A-Za-z_][A-Za-z0-9_.-]{0,99})[ \t]*[=:]", re.MULTILINE)
COMMENT = re.compile(r'("[^"\n]*"|\'[^\'\n]*\')|#[^\n]*')
TOKEN = re.compile(r'\s*(?:([\[\],])|"([^"\n]*)"|\'([^\'\n]*)\'|([^\[\],"\'\s][^\[\],"\']*)|(.))')
QUOTES = str.maketrans("“”„‟«»‘’‚", '"""""' + '"' + "'''")
DEEPEST = 4  # lists within lists
UNUSABLE = (
    'This line can\'t be read: write numbers such as 0.25, -3 or "1/3", and lists of them in '
    "brackets with commas between them."
)

Text: TypeAlias = Any  # a text, or a list of them and of such lists


@dataclass(frozen=True)
class Slip:
    """Why a line can't be read, and what to write."""

    reason: str


Fields: TypeAlias = dict[str, Any]  # a Text or a Slip for each


def read_answers(path: Path) -> Fields:
    """What a file says of each of `ASKED`: texts in nested lists. Other lines are left aside.

    Raises:
        InputError: the file is not text, is too large, or says nothing of any of them.
    """
    if not path.is_file():
        raise InputError(f"{shown(path)} can't be read as a file; hand in a text file.")
    fields = parse_lines(read_text(path, MAX_BYTES, "an answers file"))
    if not fields:
        raise InputError(
            f"{shown(path)} has no answers; write lines such as loss = 0.25, for "
            f"{', '.join(ASKED)}."
        )
    return fields


def parse_lines(text: str) -> Fields:
    """The statements of a text, each on its own."""
    text = COMMENT.sub(lambda match: match[1] or "", text.translate(QUOTES).replace("\r", "\n"))
    starts = [*START.finditer(text)]
    ends = [*(start.start() for start in starts[1:]), len(text)][: len(starts)]
    fields: Fields = {}
    for start, end in zip(starts, ends, strict=True):
        name = start[1]
        if name not in ASKED:
            continue
        if name in fields:
            fields[name] = Slip(f"{name} stands there twice: keep one line of it.")
        else:
            fields[name] = _value(name, text[start.end() : end].strip())
    return fields


def _value(name: str, text: str) -> Text | Slip:
    """A number or text, or lists of them."""
    if not text:
        return Slip("Nothing stands here.")
    if name == "loss" and re.fullmatch(r"[+\-−]?\d+,\d+", text):
        return text  # a comma for the point, where it can be nothing else
    if text.count("[") != text.count("]"):
        return Slip("The brackets don't match: each list needs a [ and a ].")
    stack: list[list[Text]] = [[]]
    for bracket, double, single, plain, other in TOKEN.findall(text):
        if bracket == "[":
            stack.append([])
        elif bracket == "]":
            finished = stack.pop()
            if not stack:
                return Slip("The brackets don't match: each list needs a [ and a ].")
            stack[-1].append(finished)
        elif double or single or plain:
            stack[-1].append((double or single or plain).strip())
        elif other:
            return Slip(UNUSABLE)
        if len(stack) > DEEPEST:
            return Slip("There are lists within lists within lists: a matrix is a list of rows.")
    if len(stack) != 1 or len(stack[0]) != 1:
        return Slip(UNUSABLE)
    return stack[0][0]
