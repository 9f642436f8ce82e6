"""Runs pandoc: to parse and number chapters, and to write formats."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict, TypeVar, cast

from qmdbook.errors import BookError
from qmdbook.known import CALLOUTS, KINDS, LABEL
from qmdbook.memory import Memory
from qmdbook.qmd import Chapter
from qmdbook.tree import Json, Node, citations, elements, text_block

HERE = Path(__file__).parent
FILTERS = HERE / "filters"
AT_ONCE = os.cpu_count() or 2
API = [1, 23]  # the version of pandoc's syntax tree
FILES = ("--bibliography", "--lua-filter", "--template")  # options that name one
NAMES = {"chapter": "Chapter"} | {key: kind.name for key, kind in KINDS.items()}
T = TypeVar("T")


class Tree(TypedDict):
    """A text as pandoc's JSON."""

    meta: dict[str, Node]
    blocks: list[Node]


@dataclass(frozen=True)
class Label:
    """What a reference can lead to, as number.lua lists it: `part` is that of a question."""

    id: str
    kind: str
    number: str
    text: str
    part: str
    page: str


@dataclass(frozen=True)
class Document:
    """A chapter as blocks of pandoc's syntax tree, and its labels, numbered, in order."""

    chapter: Chapter
    blocks: list[Node]
    labels: tuple[Label, ...]

    @cached_property
    def cited(self) -> tuple[str, ...]:
        """The keys of the works and labels that it refers to."""
        return tuple(dict.fromkeys(citations(elements(self.blocks, "Cite"))))

    @property
    def works(self) -> list[str]:
        """The keys of the works alone."""
        return [key for key in self.cited if not LABEL.match(key)]


@dataclass(frozen=True)
class Pandoc:
    """Runs pandoc in a folder.

    Attributes:
        folder: where it runs.
        memory: of what it wrote before.
        workers: those who run it, a few at a time.
    """

    folder: Path
    memory: Memory = field(default_factory=Memory)
    workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE))

    def each(self, function: Callable[..., T], *items: Iterable[object]) -> list[T]:
        """What a function that runs pandoc gives for each item; the workers take them in order."""
        return list(self.workers.map(function, *items))

    def run(self, arguments: Sequence[str], text: str) -> str:
        """Runs pandoc on `text`; it reads no file but those in `arguments`, opens no connection.

        Raises:
            BookError: pandoc or a filter refused the text.
        """
        inputs = self.inputs(arguments, text)
        return self.memory.recall(lambda: self.run_anew(arguments, text).encode(), *inputs).decode()

    def inputs(self, arguments: Sequence[str], text: str) -> list[bytes]:
        """All that decides on what pandoc writes."""
        options = (argument.partition("=") for argument in arguments)
        contents = [Path(value).read_bytes() for name, _, value in options if name in FILES]
        return [self._program, json.dumps(arguments).encode(), text.encode(), *contents]

    def run_anew(self, arguments: Sequence[str], text: str) -> str:
        """The same, whatever it wrote before."""
        command = [_pandoc(), "--sandbox", *arguments]
        done = subprocess.run(
            command,
            input=text,
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode or done.stderr.strip():
            own = re.search(r"(?m)^qmdbook: (.*)", done.stderr)  # of a filter
            raise BookError(own[1] if own else f"pandoc: {' '.join(done.stderr.split()):.400}")
        return done.stdout

    @cached_property
    def _program(self) -> bytes:
        """Stands for pandoc itself, and the filters and templates that it reads besides."""
        paths = sorted([*HERE.rglob("*.lua"), *HERE.glob("templates/*.typ")])
        texts = (path.read_text(encoding="utf-8") for path in paths)
        return "".join([version("pypandoc_binary"), *texts]).encode()


def _pandoc() -> str:
    """The program in pypandoc's wheel, of which `version` is true."""
    spec = find_spec("pypandoc")
    folder = Path(spec.origin).with_name("files") if spec and spec.origin else Path()
    return shutil.which("pandoc", path=str(folder)) or "pandoc"


def _environment() -> dict[str, str]:
    """Names of files and people are UTF-8 for pandoc also where the locale is C."""
    is_c = os.environ.get("LC_ALL") in {"C", "POSIX"}
    return {**os.environ, **({"LC_ALL": "C.UTF-8"} if is_c else {})}


def read(blocks: Sequence[Node], pandoc: Pandoc, *options: str) -> list[Node]:
    """Parses what blocks hold as text; see read.lua."""
    return _filtered(blocks, {"titles": CALLOUTS}, "read.lua", pandoc, *options)["blocks"]


def parse(text: str, pandoc: Pandoc, *options: str) -> list[Node]:
    """Parses a text in Markdown."""
    (block,) = read([text_block(["read"], [], text)], pandoc, *options)
    return cast("tuple[Json, list[Node]]", block["c"])[1]


def number_chapters(
    chapters: list[Chapter], trees: list[list[Node]], pandoc: Pandoc
) -> list[Document]:
    """Numbers the labels of chapters.

    The chapter number counts the chapters whose first heading is not unnumbered.
    """
    numbers: list[str] = []
    for blocks in trees:
        title = next((each for each in elements(blocks, "Header") if each.level == 1), None)
        is_numbered = title is not None and "unnumbered" not in title.classes
        numbers.append(str(1 + sum(map(bool, numbers))) if is_numbered else "")

    def number(chapter: Chapter, blocks: list[Node], number: str) -> Document:
        tree = _filtered(blocks, {"chapter": number}, "number.lua", pandoc)
        labels = json.loads(str(tree["meta"]["labels"]["c"]))
        return Document(
            chapter, tree["blocks"], tuple(Label(**each, page=chapter.name) for each in labels)
        )

    return pandoc.each(number, chapters, trees, numbers)


def resolvable(
    blocks: Sequence[Node], labels: Iterable[Label], pages: Sequence[str], **options: bool
) -> Tree:
    """A syntax tree for resolve.lua.

    Args:
        blocks: of one or more chapters.
        labels: that the blocks refer to.
        pages: the names of the chapters that the file has.
        options: see resolve.lua.
    """
    known = {label.id: asdict(label) for label in labels}
    return {
        "meta": _told({"labels": known, "names": NAMES, "pages": list(pages), **options}),
        "blocks": list(blocks),
    }


def as_json(tree: Tree) -> str:
    """The text that pandoc reads."""
    return json.dumps({"pandoc-api-version": API, **tree})


def _filtered(blocks: Sequence[Node], told: Json, lua: str, pandoc: Pandoc, *options: str) -> Tree:
    tree = as_json({"meta": _told(told), "blocks": list(blocks)})
    arguments = ["-f", "json", "-t", "json", f"--lua-filter={FILTERS / lua}", *options]
    return cast("Tree", json.loads(pandoc.run(arguments, tree)))


def _told(values: Json) -> dict[str, Node]:
    """What a filter is told besides the text, as metadata."""
    return {"qmdbook": {"t": "MetaString", "c": json.dumps(values)}}
