"""Pandoc's syntax tree as its JSON holds it, and what can be asked of its elements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
Node: TypeAlias = Mapping[str, Json]  # an element: its kind, `t`, and for most a content, `c`
Attributes: TypeAlias = "list[list[str]]"  # pairs of a name and a value

WHERE_THE_ATTRIBUTES_ARE = {"Header": 1} | dict.fromkeys(
    ("Code", "Link", "Image", "Span", "CodeBlock", "Div", "Figure", "Table"), 0
)


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the tree; what it lacks by its kind is empty."""

    kind: str
    content: Json

    def part(self, number: int) -> Json:
        """One of the parts that its content has in a fixed order."""
        return cast("Sequence[Json]", self.content)[number]

    @property
    def identifier(self) -> str:
        """The label."""
        return self._attr[0]

    @property
    def classes(self) -> list[str]:
        """The classes in order."""
        return self._attr[1]

    @property
    def attributes(self) -> Attributes:
        """The other attributes, of which one may stand twice."""
        return self._attr[2]

    def attribute(self, name: str) -> str:
        """The value of one."""
        return dict(cast("list[tuple[str, str]]", self.attributes)).get(name, "")

    @property
    def text(self) -> str:
        """What a word, a formula, code or a raw element says."""
        if self.kind == "Str":
            return cast("str", self.content)
        is_text = self.kind in {"Code", "CodeBlock", "Math", "RawBlock", "RawInline"}
        return cast("str", self.part(1)) if is_text else ""

    @property
    def level(self) -> int:
        """A heading's."""
        return cast("int", self.part(0)) if self.kind == "Header" else 0

    @property
    def target(self) -> str:
        """Where a link leads or an image is."""
        if self.kind not in {"Link", "Image"}:
            return ""
        return cast("Sequence[str]", self.part(2))[0]

    @property
    def _attr(self) -> tuple[str, list[str], Attributes]:
        place = WHERE_THE_ATTRIBUTES_ARE.get(self.kind)
        if place is None:
            return "", [], []
        return cast("tuple[str, list[str], Attributes]", self.part(place))


def element(node: Json) -> Element | None:
    """What a part of the tree is, if it is an element."""
    if isinstance(node, dict) and "t" in node:
        return Element(node["t"], node.get("c"))
    return None


def walk(node: Json) -> Iterator[Element]:
    """All elements in a part of the tree, each before those in it."""
    left = [node]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if "t" in node:
                yield Element(node["t"], node.get("c"))
            left.extend(reversed(node.values()))
        elif isinstance(node, list):
            left.extend(reversed(node))


def elements(node: Json, *kinds: str) -> Iterator[Element]:
    """All elements of some kinds."""
    return (item for item in walk(node) if item.kind in kinds)


def citations(references: Iterable[Element]) -> Iterator[str]:
    """The keys of works and labels that some elements of the kind Cite refer to."""
    for reference in references:
        for citation in cast("list[dict[str, str]]", reference.part(0)):
            yield citation["citationId"]


def changed(node: Json, change: Callable[[Element], Node | None]) -> Json:
    """A tree in which each element is what `change` makes of it, or stays if that is None."""
    if isinstance(node, list):
        return [changed(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    new = change(Element(node["t"], node.get("c"))) if "t" in node else None
    return {key: changed(value, change) for key, value in node.items()} if new is None else new


def changed_blocks(blocks: Sequence[Node], change: Callable[[Element], Node | None]) -> list[Node]:
    """The same for a list of blocks."""
    return cast("list[Node]", changed(list(blocks), change))


def text_block(classes: list[str], attributes: Attributes, text: str) -> Node:
    """A block of code."""
    return {"t": "CodeBlock", "c": [["", classes, attributes], text]}


def division(classes: list[str], attributes: Attributes, blocks: Sequence[Node]) -> Node:
    """A div."""
    return {"t": "Div", "c": [["", classes, attributes], blocks]}


def span(classes: list[str], attributes: Attributes, inlines: Sequence[Node]) -> Node:
    """A span."""
    return {"t": "Span", "c": [["", classes, attributes], inlines]}


def without_class(blocks: Sequence[Node], name: str) -> list[Node]:
    """Blocks without those of a class, and without the sections whose heading has it."""
    kept: list[Node] = []
    left_out = 0  # the level of the heading whose section is left out; 0 for none
    for block in blocks:
        item = Element(cast("str", block["t"]), block.get("c"))
        if item.kind == "Header" and not 0 < left_out < item.level:
            left_out = item.level if name in item.classes else 0
        if not left_out and not (item.kind == "Div" and name in item.classes):
            kept.append(block)
    return kept
