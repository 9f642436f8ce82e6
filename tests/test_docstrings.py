"""Names belong together: labels in docstrings exist, imports are used, public names are typed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import hw1lib
from qmdbook.qmd import parse_chapter

LABEL = re.compile(r"@((?:eq|sec|fig|tbl)-[\w-]*\w)")
DEFINED = re.compile(r"#((?:eq|sec|fig|tbl)-[\w-]*\w)|^#\| label: ((?:fig|tbl)-[\w-]*\w)", re.M)
CHAPTERS = ("index", "q1_backprop", "q2_adam", "q3_cifar", "teaching")


def test_labels_in_docstrings_exist_in_the_chapters(root: Path) -> None:
    chapters = [(root / f"{name}.qmd").read_text(encoding="utf-8") for name in CHAPTERS]
    known = {first or second for text in chapters for first, second in DEFINED.findall(text)}
    sources = [path.read_text(encoding="utf-8") for path in (root / "src").rglob("*.py")]
    named = {label for text in sources for label in LABEL.findall(text)}
    assert len(named) > 20
    assert named <= known


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_uses_what_it_imports(root: Path, chapter: str) -> None:
    parts = parse_chapter(root / f"{chapter}.qmd").parts
    tree = ast.parse("\n".join(part.source for part in parts))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    taken = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert taken - used == set()


def test_type_checkers_see_the_public_names(root: Path) -> None:
    tree = ast.parse((root / "src" / "hw1lib" / "__init__.py").read_text(encoding="utf-8"))
    typed = {
        alias.asname: (node.module, alias.name)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == {name: (getattr(hw1lib, name).__module__, name) for name in hw1lib.__all__}
