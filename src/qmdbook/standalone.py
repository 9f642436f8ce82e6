"""Code that uses the package, rewritten to run without it: definitions in place of imports."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

PACKAGE = "hw1lib"
FUTURE = "from __future__ import annotations"
GONE = "\0"  # stands for a line that was taken out
OF_THE_BOOK = re.compile(rf" \(@[\w-]+\)|\b{PACKAGE}(?:\.\w+)*\.(?=\w)")
FOR_TOOLS = re.compile(r"  # (?:type:|noqa|fmt:).*$", re.MULTILINE)  # said to linters only


def stand_alone(cells: list[str], left_out: str) -> list[str]:
    """Cells of code with the package's definitions in the place of their imports.

    What a definition needs stands before it, once; docstrings are cut to their first paragraph.
    All other imports are gathered at the beginning of the first cell.

    Args:
        cells: Python code.
        left_out: fields of classes whose names start with this don't come along.

    Raises:
        ValueError: the package is imported in a form that can't be replaced, or two of its
            modules define the same name.
    """
    gathered = _Gathered(left_out)
    texts = ["\n\n\n".join(gathered.expand(cell)) for cell in cells]
    return ["\n\n\n".join(filter(None, [gathered.import_lines(), texts[0]])), *texts[1:]]


@dataclass
class _Gathered:
    """What the cells so far define and import.

    Attributes:
        left_out: see `stand_alone`.
        homes: the module that each defined name comes from.
        modules: `import x` and `import x as y`.
        names: of each module the names that are imported from it.
    """

    left_out: str
    homes: dict[str, str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def expand(self, cell: str) -> Iterator[str]:
        """The definitions that a cell imports, and then its own code."""
        lines = cell.splitlines()
        for node in ast.parse(cell).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    yield from self._import(node, alias)
                for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                    lines[number] = ""
        rest = "\n".join(lines).strip("\n")
        if rest:
            yield rest

    def import_lines(self) -> str:
        """The imports from elsewhere: the standard library's, and then the others."""
        froms = [f"from {m} import {', '.join(sorted(n))}" for m, n in self.names.items()]
        lines = sorted(self.modules) + sorted(froms, key=str.lower)
        lines = [line for line in lines if line != FUTURE]
        own = [line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names]
        others = [line for line in lines if line not in own]
        return "\n\n".join("\n".join(group) for group in ([FUTURE], own, others) if group)

    def _import(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Iterator[str]:
        """What takes the place of the import of one name."""
        renamed = f" as {alias.asname}" if alias.asname else ""
        module = node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
        if module.split(".")[0] == PACKAGE:
            if renamed or isinstance(node, ast.Import):
                raise ValueError(f"import {alias.name}{renamed}: write from {PACKAGE}.x import y")
            yield from self._definition(module, alias.name)
        elif isinstance(node, ast.Import):
            self.modules.add(f"import {alias.name}{renamed}")
        else:
            self.names[module].add(alias.name + renamed)

    def _definition(self, module: str, name: str) -> Iterator[str]:
        """The definition of `name` after all that it needs, unless it stands already."""
        source, found = _top_level(module)
        node, alias = found[name]
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from self._import(node, alias or node.names[0])
            return
        if name in self.homes:
            if self.homes[name] != module:
                raise ValueError(f"{name} is defined in {self.homes[name]} and in {module}")
            return
        same = [other for other, (statement, _) in found.items() if statement is node]
        self.homes.update(dict.fromkeys(same, module))
        for needed in _names_in(node):
            if needed in found:
                yield from self._definition(module, needed)
        yield _text(source, node, self.left_out)


@lru_cache
def _top_level(module: str) -> tuple[str, dict[str, tuple[ast.stmt, ast.alias | None]]]:
    """A module's source, and the statement that binds each of its names."""
    spec = importlib.util.find_spec(module)
    source = Path(str(spec and spec.origin)).read_text(encoding="utf-8")
    found: dict[str, tuple[ast.stmt, ast.alias | None]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node, None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name): (node, alias) for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            found |= dict.fromkeys(names, (node, None))
    return source, found


def _names_in(node: ast.stmt) -> list[str]:
    """All names that stand in a statement, in order; a package's import inside is refused."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.ImportFrom) and (inner.module or "").startswith(PACKAGE):
            raise ValueError(f"{inner.module} is imported inside of a function")
    return [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]


def _text(source: str, node: ast.stmt, left_out: str) -> str:
    """A statement with the comment above it, without what a reader of it alone can't use."""
    lines = source.splitlines()
    decorators = getattr(node, "decorator_list", [])
    start = min(part.lineno for part in (node, *decorators)) - 1
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef):
            _shorten_docstring(lines, inner)
        if isinstance(inner, ast.ClassDef):
            _leave_out(lines, inner, left_out)
    while start and lines[start - 1].startswith("#"):
        start -= 1
    kept = "\n".join(line for line in lines[start : node.end_lineno] if line != GONE)
    return re.sub(r"\n{3,}", "\n\n", FOR_TOOLS.sub("", kept))


def _shorten_docstring(lines: list[str], node: ast.FunctionDef | ast.ClassDef) -> None:
    """Cuts a docstring to its first paragraph, in place."""
    text = ast.get_docstring(node)
    if text is None:
        return
    statement = node.body[0]
    first, end = statement.lineno - 1, statement.end_lineno or statement.lineno
    paragraph = OF_THE_BOOK.sub("", text.split("\n\n")[0])
    opening = lines[first][: lines[first].index('"""') + 3]
    indent = " " * statement.col_offset
    shortened = opening + textwrap.indent(paragraph, indent).lstrip() + '"""'
    lines[first:end] = [shortened, *[GONE] * (end - first - 1)]


def _leave_out(lines: list[str], node: ast.ClassDef, prefix: str) -> None:
    """Drops a class's fields whose names start with `prefix`, in place."""
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and ast.unparse(part.target).startswith(prefix):
            for number in range(part.lineno - 1, part.end_lineno or part.lineno):
                lines[number] = GONE
