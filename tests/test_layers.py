"""Data flows one way: no module imports from further down the order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "hw1lib"

# The order. A module may import modules of the lines above its own, and none of its own line.
ORDER = """
ground       errors homework fingerprint torchvision_import style
             files project
data         network archive grayscale image_tree pixel_cache
             server
             download
             cifar10
computation  backprop symbolic adam stopping model predictions plain provenance
             gradient_check what_if exercises training
             zeros checkpoint
results      results
             experiment
             verify bench
display      report display formulas drawing adam_plots cifar_plots api
book         book.qmd book.project book.pandoc book.staging book.standalone book.lighter
             book.executed_cache
             book.execute book.weave book.check book.site book.quarto_pages
             book.notebook book.pdf book.quarto
             book.coding book.render
             book.submission
commands     commands.options
             commands.questions commands.experiment commands.book
             cli
"""

LINES = [line[13:].split() for line in ORDER.strip().splitlines()]
PLACE = {module: number for number, line in enumerate(LINES) for module in line}


def sources(root: Path) -> dict[str, Path]:
    """Every module of the package by its name in the order; a package's own file is none."""
    package = root / "src" / PACKAGE
    return {
        ".".join(path.relative_to(package).with_suffix("").parts): path
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    }


def imported(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    """The package's modules that a file imports, inside of functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for n in names if (name := n.removeprefix(f"{PACKAGE}.")) in modules)


def test_every_module_has_its_place_in_the_order(root: Path) -> None:
    assert sorted(module for line in LINES for module in line) == sorted(sources(root))


def test_no_module_imports_upwards(root: Path) -> None:
    modules = sources(root)
    upwards = [
        f"{module} imports {other}"
        for module, path in modules.items()
        for other in imported(path, modules)
        if PLACE[other] >= PLACE[module]
    ]
    assert upwards == []


def test_package_files_import_nothing(root: Path) -> None:
    """`import hw1lib` and `import qmdbook` are free, and can't close a circle."""
    for path in (root / "src" / PACKAGE).rglob("__init__.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]


def test_chapters_call_what_computes_and_shows_and_not_what_builds_them(root: Path) -> None:
    for chapter in root.glob("*.qmd"):
        code = chapter.read_text(encoding="utf-8")
        assert "qmdbook" not in code, chapter
        assert "hw1lib.cli" not in code, chapter
