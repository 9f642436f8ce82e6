"""The package's reference as Markdown, made from its docstrings without importing anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import griffe

Item = griffe.Class | griffe.Function | griffe.Attribute

# What someone who imports the package needs, in the order of the chapters.
MODULES = (
    "network", "backprop", "symbolic", "gradient_check", "zeros", "what_if",
    "adam",
    "cifar10", "model", "training", "stopping", "plain", "experiment", "results", "predictions",
    "homework",
)  # fmt: skip
WIDTH = 72  # of a signature on one line
TITLES = {"parameters": "Arguments", "attributes": "Attributes", "raises": "Raises"}
KEPT = re.compile(r"(`[^`]+`|@(?:eq|sec|fig|tbl)-[\w-]*\w)")
SPECIAL = re.compile(r"([\\*_{}\[\]<>#|$~^@])")


def reference() -> str:
    """Every public class and function of `MODULES`: signature and whole docstring."""
    return "\n\n".join(text for name in MODULES for text in _module(name))


def summary() -> str:
    """`MODULES` with what is in them, a line each."""
    return "\n\n".join(
        "\n".join(
            [
                f"**`hw1lib.{name}`**. {_first_line(_package()[name])}",
                "",
                *(f"- `{item.name}`: {_first_line(item)}" for item in _public(_package()[name])),
            ]
        )
        for name in MODULES
    )


@lru_cache(maxsize=1)
def _package() -> griffe.Object | griffe.Alias:
    """The package as griffe reads it from its source."""
    return griffe.load("hw1lib", allow_inspection=False)


def _public(parent: griffe.Object) -> Iterator[Item]:
    """Classes and functions that a module defines, or methods and properties of a class."""
    for name, item in parent.members.items():
        if name.startswith("_") or not isinstance(item, Item):
            continue
        if not isinstance(item, griffe.Attribute) or "property" in item.labels:
            yield item


def _module(name: str) -> Iterator[str]:
    module = _package()[name]
    yield f"## {_prose(f'hw1lib.{name}')} {{#api-{name} .unnumbered}}"
    yield from _docstring(module)
    for item in _public(module):
        yield from _entry(item, name, 3)


def _entry(item: Item, within: str, level: int) -> Iterator[str]:
    """Heading, signature and docstring of an item, and of what a class has in it."""
    name = item.path.split(".", 2)[2]
    label = f"api-{within}-{item.name}"
    yield f"{'#' * level} {_prose(name)} {{#{label} .unnumbered .unlisted}}"
    yield f"```python\n{_signature(item)}\n```"
    yield from _docstring(item)
    if item.is_class:
        for member in _public(item):
            yield from _entry(member, f"{within}-{item.name}", level + 1)


def _signature(item: Item) -> str:
    """How an item is called, with an argument on each line where one line is too short."""
    if isinstance(item, griffe.Attribute):
        return f"{item.name}: {item.annotation}"
    if isinstance(item, griffe.Class):
        bases = ", ".join(map(str, item.bases))
        call = f"class {item.signature() or f'{item.name}({bases})'}"
    else:
        call = f"{item.signature(return_type=False)} -> {item.returns}"
    if len(call) <= WIDTH:
        return call
    head, _, rest = call.partition("(")
    arguments, _, tail = rest.rpartition(")")
    lines = re.sub(r", (?=\w+: |\*)", ",\n    ", arguments)
    return f"{head}(\n    {lines},\n){tail}"


def _docstring(item: griffe.Object) -> Iterator[str]:
    """The sections of a docstring in Google's style."""
    if item.docstring is None:
        return
    for section in item.docstring.parse("google", returns_multiple_items=False):
        if isinstance(section, griffe.DocstringSectionText):
            yield from (_prose(text) for text in section.value.split("\n\n"))
        elif isinstance(section, griffe.DocstringSectionReturns):
            yield f"Returns: {_prose(section.value[0].description)}"
        elif section.kind.value in TITLES:
            lines = [f"- {_name(line)}: {_prose(line.description)}" for line in section.value]
            yield "\n".join([f"{TITLES[section.kind.value]}:", "", *lines])


def _name(line: griffe.DocstringElement) -> str:
    """What a line of a section is about: an argument, an attribute or an exception."""
    return f"`{getattr(line, 'name', line.annotation)}`"


def _first_line(item: griffe.Object) -> str:
    return _prose(item.docstring.value.split("\n\n")[0]) if item.docstring else ""


def _prose(text: str) -> str:
    """A docstring's paragraph as Markdown: code and references live, all else as it stands."""
    parts = KEPT.split(" ".join(text.split()))
    return "".join(part if KEPT.fullmatch(part) else SPECIAL.sub(r"\\\1", part) for part in parts)
