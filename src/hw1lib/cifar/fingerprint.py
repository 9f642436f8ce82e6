"""Digests that tell whether results still belong to the code that made them."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pages are built without torch
    from torch import Tensor


def bytes_digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and contents."""
    total = hashlib.sha256()
    for key, value in sorted(tensors.items()):
        total.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
        total.update(value.cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def code_digest(*paths: Path) -> str:
    """SHA-256 of what Python modules mean: comments, docstrings, imports and layout don't count.

    The same on every Python version that reads the modules to the same syntax tree.
    """
    meanings = [_meaning(ast.parse(path.read_text(encoding="utf-8"))) for path in paths]
    return bytes_digest("\n".join(meanings).encode())


def _meaning(node: object) -> str:
    """A syntax tree as text, without docstrings, imports, positions and empty fields."""
    if isinstance(node, list):
        return f"[{','.join(_meaning(item) for item in node if not _is_layout(item))}]"
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
        return f"{type(node).__name__}({','.join(f'{n}={_meaning(v)}' for n, v in fields)})"
    return repr(node)


def _is_layout(node: object) -> bool:
    """Whether a statement is an import or a string that stands alone."""
    return isinstance(node, (ast.Import, ast.ImportFrom)) or (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
