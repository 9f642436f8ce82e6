"""Module scripts as plain ones: browsers load no modules from a disk."""

from __future__ import annotations

import re
from pathlib import Path

from qmdbook.errors import BookError

IMPORT = re.compile(r'(?m)^import (?:\* as (\w+)|\{([^}]*)\}) from "(\.{1,2}/[^"]+)";\n')
EXPORT = re.compile(r"(?m)^export (?=(?:async )?(?:function\*?|class|const) (\w+))")


def plain(script: Path) -> str:
    """A module script with all that it imports as one plain script.

    Each module becomes a function that runs once, after those that it imports, and returns what it
    exports. Imports are by name or of a whole module, exports stand before what they export. A
    script without either stays as it is.

    Raises:
        BookError: a module is missing, or imports itself by way of others.
    """
    texts: dict[Path, str] = {}
    _add(script.resolve(), texts, ())
    if not any(pattern.search(text) for text in texts.values() for pattern in (IMPORT, EXPORT)):
        return script.read_text(encoding="utf-8")
    names = {path: f"module{number}" for number, path in enumerate(texts)}
    parts = [_wrapped(path, text, names) for path, text in texts.items()]
    return "\n".join(['(() => {\n"use strict";', *parts, "})();\n"])


def _add(path: Path, texts: dict[Path, str], importers: tuple[Path, ...]) -> None:
    """Adds the text of a module after those of the modules that it imports."""
    if path in importers:
        raise BookError(f"{path.name} imports itself by way of {importers[-1].name}.")
    if path in texts:
        return
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BookError(f"{path.name}, a script, can't be read ({error.strerror}).") from error
    for match in IMPORT.finditer(text):
        _add(_imported(path, match), texts, (*importers, path))
    texts[path] = text


def _imported(path: Path, match: re.Match[str]) -> Path:
    return (path.parent / match[3]).resolve()


def _wrapped(path: Path, text: str, names: dict[Path, str]) -> str:
    """A module as a constant that holds what it exports."""

    def binding(match: re.Match[str]) -> str:
        parts = match[1] or f"{{{match[2].replace(' as ', ': ')}}}"
        return f"const {parts} = {names[_imported(path, match)]};\n"

    exported = ", ".join(match[1] for match in EXPORT.finditer(text))
    body = EXPORT.sub("", IMPORT.sub(binding, text)).strip()
    return f"const {names[path]} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"
