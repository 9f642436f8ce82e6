"""Docstrings and chapters belong together: labels exist, and functions say what they compute."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from qmdbook.qmd import Prose, parse_chapter

LABEL = re.compile(r"@((?:eq|sec|fig|tbl)-[\w-]*\w)")
DEFINED = re.compile(r"#((?:eq|sec|fig|tbl)-[\w-]*\w)|^#\| label: ((?:fig|tbl)-[\w-]*\w)", re.M)
CHAPTERS = ("index", "q1_backprop", "q2_adam", "q3_cifar")
SHOWING = {  # modules that show numbers, and compute none
    f"hw1lib.{name}" for name in ("display", "drawing", "formulas", "adam_plots", "cifar_plots")
}
SHOWN = {
    "q1_backprop": {"forward", "cross_entropy", "backward"},
    "q3_cifar": {"build_net", "plain_epoch", "sgd_step", "has_flattened", "has_turned"},
}


def defined(path: Path) -> set[str]:
    """The labels that a chapter gives."""
    return {first or second for first, second in DEFINED.findall(path.read_text(encoding="utf-8"))}


def code_of(path: Path) -> str:
    """All code of a chapter, inline expressions included, each on lines of its own."""
    parts = parse_chapter(path).parts
    inline = [e for part in parts if isinstance(part, Prose) for e, _ in part.inline()]
    return "\n".join([*(part.source for part in parts if not isinstance(part, Prose)), *inline])


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """Module and name of what a chapter takes from the package."""
    for node in ast.walk(ast.parse(code_of(path))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hw1lib"):
            yield from ((str(node.module), alias.name) for alias in node.names)


def documented(path: Path) -> Iterator[tuple[str, str]]:
    """Every docstring of a module, by the name of what it documents."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = getattr(node, "name", "the module")
            yield f"{path.name}: {name}", ast.get_docstring(node) or ""


def test_labels_in_docstrings_exist_in_the_chapters(root: Path) -> None:
    known = set().union(*(defined(root / f"{name}.qmd") for name in CHAPTERS))
    named = [
        (where, label)
        for path in (root / "src").rglob("*.py")
        for where, text in documented(path)
        for label in LABEL.findall(text)
    ]
    assert len(named) > 30
    assert [(where, label) for where, label in named if label not in known] == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_functions_of_a_chapter_say_what_of_it_they_compute(root: Path, chapter: str) -> None:
    own = defined(root / f"{chapter}.qmd")
    if chapter == "index":  # shows the answers of all
        own = set().union(*(defined(root / f"{name}.qmd") for name in CHAPTERS))
    silent = []
    for module, name in imports_of(root / f"{chapter}.qmd"):
        value = getattr(importlib.import_module(module), name)
        if inspect.isfunction(value) and module not in SHOWING:
            silent += [] if own.intersection(LABEL.findall(value.__doc__ or "")) else [name]
    assert silent == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_uses_what_it_imports(root: Path, chapter: str) -> None:
    tree = ast.parse(code_of(root / f"{chapter}.qmd"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    taken = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert taken - used == set()


@pytest.mark.parametrize("chapter", SHOWN)
def test_chapters_show_the_source_of_what_they_are_about(root: Path, chapter: str) -> None:
    calls = [n for n in ast.walk(ast.parse(code_of(root / f"{chapter}.qmd"))) if _is_source(n)]
    assert {ast.unparse(argument) for call in calls for argument in call.args} == SHOWN[chapter]


def _is_source(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "source"
