"""Pandoc's syntax tree, as JSON: elements have a kind, `t`, and often a content, `c`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Node: TypeAlias = Any


def walk(node: Node) -> Iterator[tuple[str, Node]]:
    """The kind and content of all elements, each before those in it."""
    if isinstance(node, dict):
        if "t" in node:
            yield node["t"], node.get("c", [])
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from walk(item)


def elements(node: Node, kind: str) -> Iterator[Node]:
    """The contents of all elements of one kind."""
    return (content for found, content in walk(node) if found == kind)


def changed(node: Node, change: Callable[[str, Node], Node | None]) -> Node:
    """A tree in which each element is what `change` makes of it, or stays if that is None."""
    if isinstance(node, list):
        return [changed(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    new = change(node["t"], node.get("c", [])) if "t" in node else None
    return {key: changed(value, change) for key, value in node.items()} if new is None else new


def text_block(classes: list[str], attributes: list[list[str]], text: str) -> Node:
    """A block of code."""
    return {"t": "CodeBlock", "c": [["", classes, attributes], text]}


def without_class(blocks: list[Node], name: str) -> list[Node]:
    """Blocks without those of a class, and without the sections whose heading has it."""
    kept: list[Node] = []
    left_out = 0  # the level of the heading whose section is left out; 0 for none
    for block in blocks:
        kind, content = block["t"], block.get("c")
        if kind == "Header" and not 0 < left_out < content[0]:
            left_out = content[0] if name in content[1][1] else 0
        if not left_out and not (kind == "Div" and name in content[0][1]):
            kept.append(block)
    return kept
